import Model
import Testing

struct TimestampTests {
  @Test func `every millisecond survives its text form`() {
    for base in [Int64(0), 1_772_600_767, 1_795_363_199, 4_102_444_799, -1, -86_400] {
      for fraction in Int64(0)..<1000 {
        let time = Timestamp(nanoseconds: (base * 1000 + fraction) * 1_000_000)
        #expect(Timestamp(time.description) == time)
      }
    }
  }

  @Test func `the text is RFC 3339 in UTC with milliseconds`() {
    #expect(
      Timestamp(nanoseconds: 1_772_600_767_089_999_999).description == "2026-03-04T05:06:07.089Z")
    #expect(Timestamp(nanoseconds: -1).description == "1969-12-31T23:59:59.999Z")
    #expect(Timestamp("2026-03-04T06:06:07+01:00")?.description == "2026-03-04T05:06:07.000Z")
  }
}
