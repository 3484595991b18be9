import AgentCore
import Model
import SeededRandom
import Testing

/// Random histories of a node, watched with interruptions, against what really ran.
@Suite struct PlacementHistoryTests {
  @Test(arguments: 0..<200)
  func `the records tell what ran, or that it is unknown`(seed: Int) {
    var history = History(seed: UInt64(seed))
    for _ in 0..<120 { history.step() }
    history.listing()
    let records = Recorded(history.changes)

    #expect(records.knowledge == history.tracker.knowledge, "seed \(seed): replay differs")
    for (id, intervals) in records.intervals {
      for (earlier, later) in zip(intervals, intervals.dropFirst()) {
        #expect(earlier.end ?? .max <= later.start, "seed \(seed): \(id) overlaps")
      }
      #expect(intervals.allSatisfy { $0.start <= $0.end ?? .max }, "seed \(seed): \(id)")
    }
    let times = 0..<history.time
    let falselyClaimed = times.first {
      !records.running(at: $0).isSubset(of: history.ran(at: $0))
    }
    #expect(falselyClaimed == nil, "seed \(seed): claimed what did not run")
    let falselyOmitted = times.first { time in
      !records.gaps.contains { $0.contains(time) }
        && records.running(at: time) != history.ran(at: time)
    }
    #expect(falselyOmitted == nil, "seed \(seed): missed what ran, and told of no gap")
  }
}

/// Intervals and gaps, in milliseconds, as a reader of the records would build them.
private struct Recorded {
  struct Interval {
    var start: Int64
    var end: Int64?
  }

  var intervals: [ContainerID: [Interval]] = [:]
  var gaps: [Range<Int64>] = []
  var knowledge = PlacementKnowledge()

  init(_ changes: [TimedChange]) {
    for change in changes {
      knowledge.apply(change)
      let time = milliseconds(change.time)
      switch change.change {
      case .started(let placement):
        intervals[placement.container, default: []].append(Interval(start: time))
      case .ended(let id, _):
        if let last = intervals[id]?.indices.last { intervals[id]?[last].end = time }
      case .unseen(let since):
        gaps.append(min(milliseconds(since), time)..<time)
      case .updated:
        break
      }
    }
  }

  func running(at time: Int64) -> Set<ContainerID> {
    Set(
      intervals.filter { _, intervals in
        intervals.contains { $0.start <= time && time < $0.end ?? .max }
      }.keys)
  }

  private func milliseconds(_ time: Timestamp) -> Int64 {
    (time - at(0)).wholeNanoseconds / 1_000_000
  }
}

/// A node whose true history is known, and the tracker that watches it.
private struct History {
  struct Run {
    var container: ObservedContainer
    var start: Int64
    var end: Int64?
    var isListed = true
  }

  var generator: SplitMix64
  var tracker = PlacementTracker(node: sampleNode, knowledge: .init(), observedThrough: nil)
  var changes: [TimedChange] = []
  var runs: [Run] = []
  var time: Int64 = 0
  var isWatching = false
  /// What the journal's mark says; may lag behind.
  var mark: Timestamp?

  init(seed: UInt64) { generator = SplitMix64(seed: seed) }

  func ran(at time: Int64) -> Set<ContainerID> {
    Set(runs.filter { $0.start <= time && time < $0.end ?? .max }.map(\.container.id))
  }

  mutating func step() {
    time += Int64.random(in: 1...20, using: &generator)
    switch Int.random(in: 0..<20, using: &generator) {
    case 0..<6: start()
    case 6..<10: end(removing: false)
    case 10..<12: end(removing: true)
    case 12: runs.indices.filter { runs[$0].end != nil }.forEach { runs[$0].isListed = false }
    case 13: lose()
    case 14: restartAgent()
    case 15: reboot()
    case 16 where isWatching:
      tracker.confirmed(through: at(time))
      if Bool.random(using: &generator) { mark = at(time) }
    default: listing()
    }
  }

  mutating func listing() {
    let containers = runs.filter(\.isListed).map(\.container).shuffled(using: &generator)
    changes += tracker.listed(containers, at: at(time))
    isWatching = true
    if Bool.random(using: &generator) { mark = at(time) }
  }

  private mutating func start() {
    let container = sampleContainer(
      "c\(runs.count)", startedAt: time, .running(pid: Int32(runs.count + 2)))
    runs.append(Run(container: container, start: time))
    ask(container.id)
  }

  private mutating func end(removing: Bool) {
    let alive = runs.indices.filter { runs[$0].end == nil }
    guard let index = alive.randomElement(using: &generator) else { return }
    stop(index, reason: .exited(code: 1))
    if removing { runs[index].isListed = false }
    ask(runs[index].container.id)
  }

  private mutating func stop(_ index: Int, reason: EndReason) {
    runs[index].end = time
    runs[index].container.state = .exited(at: at(time), reason: reason)
  }

  private mutating func ask(_ id: ContainerID) {
    guard isWatching else { return }
    let found = runs.first { $0.container.id == id && $0.isListed }?.container
    changes += tracker.asked(id, found: found, at: at(time))
  }

  private mutating func lose() {
    tracker.lostSight()
    isWatching = false
  }

  private mutating func restartAgent() {
    tracker = PlacementTracker(
      node: sampleNode, knowledge: Recorded(changes).knowledge, observedThrough: mark)
    isWatching = false
  }

  private mutating func reboot() {
    // Some time passes in which nothing runs and nobody watches.
    for index in runs.indices where runs[index].end == nil {
      stop(index, reason: .exited(code: 255))
    }
    time += 50
    restartAgent()
    changes += tracker.rebooted()
  }
}
