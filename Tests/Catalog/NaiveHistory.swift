import CoordinatorCore
import Model

/// What a catalog has to answer, told with arrays that are searched from end to end.
struct NaiveHistory {
  private var recorded: [PlacementInterval] = []
  /// What a cluster told of pods, by their UIDs.
  var workloads: [String: Workload] = [:]
  private var gaps: [Whereabouts.Gap] = []
  private var journals: [NodeID: [(id: String, applied: UInt64)]] = [:]
  private var watchedFrom: [NodeID: Timestamp] = [:]
  var observedThrough: [NodeID: Timestamp] = [:]
  let nodes: [NodeID]

  init(nodes: [NodeID]) { self.nodes = nodes }

  func applied(_ journal: String, of node: NodeID) -> UInt64 {
    journals[node]?.first { $0.id == journal }?.applied ?? 0
  }

  /// Records that follow each other without a hole; those already applied are skipped.
  mutating func apply(_ records: [PlacementRecord], journal: String, of node: NodeID) {
    for record in records where record.sequence > applied(journal, of: node) {
      if journals[node]?.last?.id != journal { enter(journal, of: node, first: record) }
      apply(record, of: node)
      let newest = journals[node, default: []].count - 1
      journals[node, default: []][newest].applied = record.sequence
    }
  }

  /// Every journal of these histories begins with the time in which nobody watched.
  private mutating func enter(_ journal: String, of node: NodeID, first: PlacementRecord) {
    if journals[node] == nil {
      watchedFrom[node] = first.time
    } else if let end = observedThrough[node] {
      for index in recorded.indices
      where recorded[index].placement.node == node && recorded[index].to == nil {
        close(index, at: end, .vanished)
      }
      addGap(node, end, first.time)
    }
    journals[node, default: []].append((journal, 0))
  }

  private mutating func apply(_ record: PlacementRecord, of node: NodeID) {
    switch record.change {
    case .started(let placement): start(placement, at: record.time)
    case .updated(let placement):
      if let index = newest(of: placement.container, on: node), recorded[index].to == nil {
        recorded[index].placement = placement
      } else {
        start(placement, at: record.time)
      }
    case .ended(let container, let reason):
      if let index = newest(of: container, on: node), recorded[index].to == nil {
        close(index, at: record.time, reason)
      }
    case .unseen(let since):
      guard record.sequence > 1, let watched = watchedFrom[node] else { return }
      addGap(node, max(since, watched), record.time)
    }
  }

  private mutating func start(_ placement: Placement, at time: Timestamp) {
    let fresh = PlacementInterval(placement: placement, from: time, to: nil, ended: nil)
    guard let index = newest(of: placement.container, on: placement.node) else {
      return recorded.append(fresh)
    }
    let known = recorded[index]
    if let to = known.to {
      if known.ended == .vanished, time <= to {
        recorded[index] = PlacementInterval(
          placement: placement, from: known.from, to: nil, ended: nil)
      } else {
        recorded.append(
          PlacementInterval(placement: placement, from: max(time, to), to: nil, ended: nil))
      }
    } else if time > known.from {
      close(index, at: time, .vanished)
      recorded.append(fresh)
    } else {
      recorded[index].placement = placement
    }
  }

  private mutating func close(_ index: Int, at time: Timestamp, _ reason: EndReason) {
    recorded[index].to = max(time, recorded[index].from)
    recorded[index].ended = reason
  }

  private mutating func addGap(_ node: NodeID, _ from: Timestamp, _ to: Timestamp) {
    if from < to { gaps.append(Whereabouts.Gap(node: node, from: from, to: to)) }
  }

  /// The last one that was added: no interval of a container begins before an earlier one ends.
  private func newest(of container: ContainerID, on node: NodeID) -> Int? {
    recorded.lastIndex { $0.placement.container == container && $0.placement.node == node }
  }

  var intervals: [PlacementInterval] {
    recorded.map { interval in
      var interval = interval
      interval.placement.workload = workloads[interval.placement.podUID]
      return interval
    }
  }

  var services: [ServiceID] { Set(intervals.map(\.placement.serviceID)).sorted() }

  var running: [Placement] { intervals.filter { $0.to == nil }.map(\.placement) }

  func found(of service: ServiceID?, at time: Timestamp) -> [PlacementInterval] {
    intervals.filter { interval in
      (service == nil || interval.placement.serviceID == service) && interval.from <= time
        && interval.to.map { time < $0 } != false
    }
  }

  func unknown(at time: Timestamp) -> [Whereabouts.Gap] {
    var unknown = gaps.filter { gap in gap.from <= time && gap.to.map { time < $0 } != false }
    for node in nodes {
      guard let watched = watchedFrom[node], watched <= time else {
        unknown.append(
          Whereabouts.Gap(
            node: node, from: Timestamp(nanoseconds: 0), to: watchedFrom[node]))
        continue
      }
      let through = observedThrough[node]
      if through.map({ $0 < time }) != false {
        unknown.append(Whereabouts.Gap(node: node, from: through ?? watched, to: nil))
      }
    }
    return unknown
  }

  /// Pairs of recorded of one container that share a moment; there must never be one.
  var overlaps: Int {
    var count = 0
    for (index, left) in recorded.enumerated() {
      for right in recorded[(index + 1)...]
      where left.placement.container == right.placement.container
        && left.placement.node == right.placement.node
      {
        let leftEndsFirst = left.to.map { $0 <= right.from } ?? false
        let rightEndsFirst = right.to.map { $0 <= left.from } ?? false
        if !leftEndsFirst && !rightEndsFirst { count += 1 }
      }
    }
    return count
  }
}
