import Testing

@testable import stillpoint_bench

@Test func `percentiles are values that occurred, by the nearest rank`() throws {
  let values = (1...200).map(Double.init).shuffled()
  let percentiles = try #require(Percentiles(values))
  #expect(percentiles.p50 == 100)
  #expect(percentiles.p90 == 180)
  #expect(percentiles.p99 == 198)
  #expect(percentiles.max == 200)
  #expect(percentiles.count == 200)
  #expect(Percentiles([]) == nil)
}

@Test func `one disturbed run does not decide`() throws {
  let runs = [[1.0, 2], [1, 3], [50, 900]].compactMap(Percentiles.init)
  let median = try #require(Percentiles.median(of: runs))
  #expect(median.p50 == 1)
  #expect(median.max == 3)
  #expect(median.count == 6)
}
