/// Percentiles of one set of values, by the nearest rank: each is a value that really occurred.
struct Percentiles: Hashable, Sendable {
  let count: Int
  let p50: Double
  let p90: Double
  let p99: Double
  let max: Double

  /// Nil without values.
  init?(_ values: [Double]) {
    guard !values.isEmpty else { return nil }
    let sorted = values.sorted()
    func rank(_ part: Double) -> Double {
      sorted[Swift.max(0, Int((part * Double(sorted.count)).rounded(.up)) - 1)]
    }
    count = sorted.count
    p50 = rank(0.5)
    p90 = rank(0.9)
    p99 = rank(0.99)
    max = sorted[sorted.count - 1]
  }

  /// The median of each percentile over several runs, so that one disturbed run does not decide.
  ///
  /// Nil without runs.
  static func median(of runs: [Percentiles]) -> Percentiles? {
    guard !runs.isEmpty else { return nil }
    func middle(_ value: (Percentiles) -> Double) -> Double {
      let sorted = runs.map(value).sorted()
      let upper = sorted[sorted.count / 2]
      return sorted.count.isMultiple(of: 2) ? (sorted[sorted.count / 2 - 1] + upper) / 2 : upper
    }
    return Percentiles(
      count: runs.map(\.count).reduce(0, +), p50: middle(\.p50), p90: middle(\.p90),
      p99: middle(\.p99), max: middle(\.max))
  }

  private init(count: Int, p50: Double, p90: Double, p99: Double, max: Double) {
    self.count = count
    self.p50 = p50
    self.p90 = p90
    self.p99 = p99
    self.max = max
  }
}
