/// Links between the coordinator and each node that lose, double, delay and reorder messages, and are cut one way or both.
///
/// A message belongs to a connection, and dies when either end of it does: a restarted end never receives
/// what was sent before, and never receives from an end that it has seen replaced.
final class FaultyNetwork<Message> {
  enum Direction: Int, CaseIterable { case toNode, toCoordinator }

  struct Faults {
    var lossPermille = 0
    var duplicatePermille = 0
    /// Messages that take up to `longDelay` instead of milliseconds.
    var slowPermille = 0
    var longDelay = Duration.seconds(2)
  }

  var faults = Faults()
  private(set) var lost = 0
  private(set) var doubled = 0
  private(set) var slowed = 0
  private(set) var blocked = 0
  private let timeline: Timeline
  private var random: SplitMix64
  private var cut: [[Bool]]

  init(nodes: Int, timeline: Timeline, random: SplitMix64) {
    self.timeline = timeline
    self.random = random
    cut = Array(repeating: [false, false], count: nodes)
  }

  func partition(node: Int, _ direction: Direction, _ isCut: Bool) {
    cut[node][direction.rawValue] = isCut
  }

  func isCut(node: Int, _ direction: Direction) -> Bool { cut[node][direction.rawValue] }

  func heal() {
    faults = Faults()
    for node in cut.indices { cut[node] = [false, false] }
  }

  /// Hands the message to `deliver` once, twice or never, some time from now.
  func send(
    _ message: Message, node: Int, _ direction: Direction, deliver: @escaping (Message) -> Void
  ) {
    guard !isCut(node: node, direction) else {
      blocked += 1
      return
    }
    if random.chance(faults.lossPermille) {
      lost += 1
      return
    }
    var copies = 1
    if random.chance(faults.duplicatePermille) {
      doubled += 1
      copies = 2
    }
    for _ in 0..<copies {
      var delay = random.duration(.microseconds(200), .milliseconds(3))
      if random.chance(faults.slowPermille) {
        slowed += 1
        delay = random.duration(.milliseconds(10), faults.longDelay)
      }
      timeline.after(delay) { [self] in
        // A link that was cut meanwhile loses what was under way.
        if isCut(node: node, direction) {
          blocked += 1
        } else {
          deliver(message)
        }
      }
    }
  }
}
