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

  @Test(arguments: [Int64.min, .min + 1, .min + 999_999, .max - 1, .max])
  func `the text of every time can be read again`(nanoseconds: Int64) {
    let text = Timestamp(nanoseconds: nanoseconds).description
    #expect(Timestamp(text)?.description == text)
  }

  @Test func `arithmetic at the ends of time is clamped`() {
    let last = Timestamp(nanoseconds: .max)
    let first = Timestamp(nanoseconds: .min)
    #expect(last + .seconds(1) == last)
    #expect(last - .seconds(-1) == last)
    #expect(first - .seconds(1) == first)
    #expect(first + .seconds(-1) == first)
    #expect(last - first == .nanoseconds(Int64.max) - .nanoseconds(Int64.min))
    #expect(last - .seconds(1) + .seconds(1) == last)
  }

  @Test(
    arguments: [
      ("1970-01-01T00:00:00Z", 0), ("1969-12-31T23:59:59.999Z", -1),
      ("2000-02-29T23:59:60Z", 951_868_800_000), ("2024-02-29T12:00:00Z", 1_709_208_000_000),
      ("2026-03-04t05:06:07.08z", 1_772_600_767_080),
      ("2026-03-04T05:06:07.0899999999Z", 1_772_600_767_089),
      ("2026-03-03T19:36:07-09:30", 1_772_600_767_000),
      ("1900-03-01T00:00:00Z", -2_203_891_200_000),
      ("2261-12-31T23:59:59.999Z", 9_214_646_399_999),
    ] as [(String, Int64)])
  func `RFC 3339 is read exactly`(text: String, milliseconds: Int64) {
    #expect(Timestamp(text) == Timestamp(nanoseconds: milliseconds * 1_000_000))
  }

  @Test(arguments: [
    "", "now", "2026-03-04", "2026-13-04T05:06:07Z", "2026-00-04T05:06:07Z", "2026-02-29T05:06:07Z",
    "1900-02-29T05:06:07Z", "2026-04-31T05:06:07Z", "2026-03-00T05:06:07Z", "2026-03-04T24:06:07Z",
    "2026-03-04T05:60:07Z", "2026-03-04T05:06:61Z", "2026-03-04T05:06:07", "2026-03-04 05:06:07Z",
    "2026-03-04T05:06:07.Z", "2026-03-04T05:06:07+1:00", "2026-03-04T05:06:07+25:00",
    "2026-03-04T05:06:07Z ", "26-03-04T05:06:07Z", "9999-01-01T00:00:00Z", "0000-01-01T00:00:00Z",
    "٢026-03-04T05:06:07Z",
  ])
  func `what is not RFC 3339, or no time that exists, is refused`(text: String) {
    #expect(Timestamp(text) == nil)
  }
}
