/// Finds the key that somebody probably meant.
enum KnownKeys {
  /// The nearest of `known` when it is near enough to be a slip of `key`.
  static func nearest(to key: String, in known: [String]) -> String? {
    // Longer than any key of a plan, and the comparison is quadratic.
    guard key.utf8.count <= 64 else { return nil }
    let folded = key.lowercased()
    let distances = known.map { (key: $0, distance: distance(folded, $0.lowercased())) }
    guard let best = distances.min(by: { $0.distance < $1.distance }) else { return nil }
    return best.distance <= max(2, key.count / 2) && best.distance < best.key.count
      ? best.key : nil
  }

  /// How many insertions, deletions, replacements and swaps of neighbours lead from one to the other.
  static func distance(_ left: String, _ right: String) -> Int {
    let left = Array(left)
    let right = Array(right)
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for (row, character) in left.enumerated() {
      var current = [row + 1]
      for (column, other) in right.enumerated() {
        var best = min(
          last[column] + (character == other ? 0 : 1), last[column + 1] + 1, current[column] + 1)
        if row > 0, column > 0, character == right[column - 1], left[row - 1] == other {
          best = min(best, beforeLast[column - 1] + 1)
        }
        current.append(best)
      }
      beforeLast = last
      last = current
    }
    return last[right.count]
  }
}
