/// What a flush takes that finds little to write, from the shortest of a few rounds.
///
/// One round that another writer's burst delayed says nothing of the hold seconds later, and would refuse a plan for it; a disk
/// that is slow all the time is slow in every round.
struct FlushRounds {
  private static let most = 3
  private static let quick = Duration.milliseconds(100)

  private var count = 0
  private var shortest: Duration?

  /// Whether another round could tell more.
  var wantsMore: Bool {
    count < Self.most && (shortest.map { $0 > Self.quick } ?? true)
  }

  mutating func add(_ took: Duration) {
    count += 1
    shortest = min(shortest ?? took, took)
  }

  /// Twice a round: the hold flushes while the application goes on to write, and its freeze flushes once more.
  var predicted: Duration { (shortest ?? .zero) * 2 }
}
