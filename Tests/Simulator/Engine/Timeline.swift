/// Virtual time: what is due next happens next, and nothing else ever happens.
///
/// Knows nothing of what it runs; a later harness can drive other shells with it.
final class Timeline {
  private struct Entry {
    var due: Duration
    var number: UInt64
    var work: () -> Void

    func isBefore(_ other: Entry) -> Bool {
      due == other.due ? number < other.number : due < other.due
    }
  }

  private(set) var now = Duration.zero
  private(set) var steps = 0
  private var heap: [Entry] = []
  private var counter: UInt64 = 0

  /// Runs `work` after `delay`; works with equal times run in the order in which they were given.
  func after(_ delay: Duration, _ work: @escaping () -> Void) {
    counter += 1
    heap.append(Entry(due: now + max(.zero, delay), number: counter, work: work))
    rise(heap.count - 1)
  }

  /// Runs the next work; false when there is none.
  func step() -> Bool {
    guard let first = heap.first else { return false }
    let last = heap.removeLast()
    if !heap.isEmpty {
      heap[0] = last
      sink(0)
    }
    now = first.due
    steps += 1
    first.work()
    return true
  }

  /// Drops what is still to come, so that nothing keeps the run's objects alive.
  func clear() { heap = [] }

  private func rise(_ start: Int) {
    var child = start
    while child > 0 {
      let parent = (child - 1) / 2
      guard heap[child].isBefore(heap[parent]) else { return }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  private func sink(_ start: Int) {
    var parent = start
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
        if heap[child].isBefore(heap[least]) { least = child }
      }
      guard least != parent else { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
