/// Finds few of a failing run's faults that make it fail in the same way (Zeller's delta debugging).
struct Shrinker {
  typealias Strike = FaultOracle.Strike

  /// Runs at most this often.
  var budget = 300
  let fails: (Set<Strike>) throws -> Bool

  /// A small part of `strikes` that still fails; all of them when even they do not fail alone.
  mutating func shrink(_ strikes: [Strike]) throws -> [Strike] {
    var kept = strikes
    guard try test(kept) else { return strikes }
    var parts = 2
    while kept.count > 1, budget > 0 {
      let size = max(1, (kept.count + parts - 1) / parts)
      var smaller: [Strike]?
      for start in stride(from: 0, to: kept.count, by: size) where budget > 0 {
        var rest = kept
        rest.removeSubrange(start..<min(start + size, kept.count))
        if try test(rest) {
          smaller = rest
          break
        }
      }
      if let smaller {
        kept = smaller
        parts = max(2, parts - 1)
      } else if size == 1 {
        break
      } else {
        parts = min(kept.count, parts * 2)
      }
    }
    if kept.count == 1, try test([]) { kept = [] }
    return kept
  }

  private mutating func test(_ strikes: [Strike]) throws -> Bool {
    guard budget > 0 else { return false }
    budget -= 1
    return try fails(Set(strikes))
  }
}
