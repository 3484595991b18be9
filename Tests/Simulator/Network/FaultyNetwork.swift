import SeededRandom

/// Links between the coordinators and each node that lose, double, delay and reorder messages, and are cut one way or both.
final class FaultyNetwork: @unchecked Sendable {
  enum Direction: Int, CaseIterable { case toNode, toCoordinator }

  private let timeline: Timeline
  private let oracle: FaultOracle
  private var random: SplitMix64
  /// How many faults cut each direction of each link now.
  private var cuts: [[Int]]
  private(set) var blocked = 0

  init(nodes: Int, timeline: Timeline, oracle: FaultOracle, random: SplitMix64) {
    self.timeline = timeline
    self.oracle = oracle
    self.random = random
    cuts = Array(repeating: [0, 0], count: nodes)
  }

  func cut(node: Int, _ direction: Direction) { cuts[node][direction.rawValue] += 1 }

  func mend(node: Int, _ direction: Direction) {
    cuts[node][direction.rawValue] = max(0, cuts[node][direction.rawValue] - 1)
  }

  func isCut(node: Int, _ direction: Direction) -> Bool { cuts[node][direction.rawValue] > 0 }

  func isCut(node: Int) -> Bool { cuts[node].contains { $0 > 0 } }

  func heal() { for node in cuts.indices { cuts[node] = [0, 0] } }

  /// Calls `deliver` once, twice or never, some time from now.
  func send(node: Int, _ direction: Direction, deliver: @escaping () -> Void) {
    guard !isCut(node: node, direction) else {
      blocked += 1
      return
    }
    guard !oracle.strikes(.messageLost) else { return }
    for _ in 0..<(oracle.strikes(.messageDoubled) ? 2 : 1) {
      var delay = random.duration(.microseconds(200), .milliseconds(3))
      if var slow = oracle.strike(.messageSlow) {
        delay = slow.duration(.milliseconds(10), .seconds(2))
      }
      timeline.after(delay) { [self] in
        // A link that was cut meanwhile loses what was under way.
        if isCut(node: node, direction) { blocked += 1 } else { deliver() }
      }
    }
  }
}
