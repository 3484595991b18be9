/// What the runs of a suite have reached; a branch that no run reached proves nothing.
struct Census {
  private(set) var counts: [String: Int] = [:]

  mutating func count(_ what: String, _ times: Int = 1) {
    guard times > 0 else { return }
    counts[what, default: 0] += times
  }

  mutating func add(_ other: Census) {
    for (what, times) in other.counts { counts[what, default: 0] += times }
  }

  func missing(_ wanted: [String]) -> [String] { wanted.filter { counts[$0] == nil } }

  /// One line for each group of names that share the part before the colon.
  var report: String {
    var groups: [String: [String]] = [:]
    for name in counts.keys.sorted() {
      let parts = name.split(separator: ":", maxSplits: 1).map(String.init)
      let last = parts.last ?? name
      groups[parts[0], default: []].append("\(last) \(counts[name] ?? 0)")
    }
    return groups.keys.sorted().map { "  \($0): \(groups[$0]?.joined(separator: ", ") ?? "")" }
      .joined(separator: "\n")
  }
}
