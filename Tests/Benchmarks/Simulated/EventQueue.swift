/// What happens in virtual time, earliest first; at the same moment in the order of scheduling.
struct EventQueue<Event> {
  private struct Entry {
    var time: Duration
    var number: UInt64
    var event: Event

    func isBefore(_ other: Entry) -> Bool {
      (time, number) < (other.time, other.number)
    }
  }

  private var heap: [Entry] = []
  private var number: UInt64 = 0

  mutating func schedule(_ event: Event, at time: Duration) {
    number += 1
    heap.append(Entry(time: time, number: number, event: event))
    var index = heap.count - 1
    while index > 0, heap[index].isBefore(heap[(index - 1) / 2]) {
      heap.swapAt(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }

  mutating func next() -> (time: Duration, event: Event)? {
    guard let first = heap.first, let last = heap.popLast() else { return nil }
    if !heap.isEmpty {
      heap[0] = last
      var index = 0
      while true {
        let children = [2 * index + 1, 2 * index + 2].filter { $0 < heap.count }
        guard let least = children.min(by: { heap[$0].isBefore(heap[$1]) }),
          heap[least].isBefore(heap[index])
        else { break }
        heap.swapAt(index, least)
        index = least
      }
    }
    return (first.time, first.event)
  }
}
