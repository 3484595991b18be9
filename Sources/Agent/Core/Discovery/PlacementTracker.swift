package import Model

/// Turns what the container runtime says into records of what ran when. A value without I/O and without a clock.
///
/// Times are the node's wall clock in whole milliseconds, as records carry them. What the runtime says about times is
/// believed unless it lies more than `clockTolerance` in the future, when the moment of observation replaces it.
package struct PlacementTracker: Hashable, Sendable {
  package enum Sight: Hashable, Sendable {
    /// Everything through `observedThrough` has been seen. Leads to `unseen`.
    case watching
    /// Nobody watches since then. Leads to `watching` with the next full listing.
    case unseen(since: Timestamp)
  }

  /// How far in the future a time that the runtime gives may lie.
  package static let clockTolerance: Duration = .seconds(300)

  package let node: NodeID
  package private(set) var knowledge: PlacementKnowledge
  package private(set) var sight: Sight
  /// The last moment up to which everything was seen; nil before the first listing ever.
  package private(set) var observedThrough: Timestamp?

  /// Begins with what the journal knows; nobody has watched since `observedThrough`.
  package init(node: NodeID, knowledge: PlacementKnowledge, observedThrough: Timestamp?) {
    self.node = node
    self.knowledge = knowledge
    self.observedThrough = observedThrough?.wholeMilliseconds
    self.sight = .unseen(since: observedThrough?.wholeMilliseconds ?? .never)
  }

  /// The node has started anew since the journal was written: nothing of what ran then runs any more.
  package mutating func rebooted() -> [TimedChange] {
    var changes: [TimedChange] = []
    for placement in knowledge.running.values.sorted(by: { $0.container < $1.container }) {
      let end = max(placement.startedAt, observedThrough ?? placement.startedAt)
      changes.append(TimedChange(.ended(placement.container, .rebooted), at: end))
    }
    apply(changes)
    return changes
  }

  /// The runtime cannot be asked, or what it said could not be kept: from `observedThrough` on nothing is known.
  package mutating func lostSight() {
    guard case .watching = sight else { return }
    sight = .unseen(since: observedThrough ?? .never)
  }

  /// The runtime answered a question that was asked at `time`, and had nothing else to report until then.
  package mutating func confirmed(through time: Timestamp) {
    guard case .watching = sight else { return }
    observedThrough = time.wholeMilliseconds
  }

  /// Every container that the runtime knows, from a listing that was asked for at `time`.
  package mutating func listed(_ containers: [ObservedContainer], at time: Timestamp)
    -> [TimedChange]
  {
    let time = time.wholeMilliseconds
    var changes: [TimedChange] = []
    var missingEnd = (time: time, reason: EndReason.removed)
    if case .unseen(let since) = sight {
      // A clock that was set back must not make a gap that ends before it begins.
      let begin = min(since, time)
      changes.append(TimedChange(.unseen(since: begin), at: time))
      missingEnd = (begin, .vanished)
    }
    let listed = Set(containers.map(\.id))
    for (id, placement) in knowledge.running.sorted(by: { $0.key < $1.key })
    where !listed.contains(id) {
      let end = max(placement.startedAt, missingEnd.time)
      changes.append(TimedChange(.ended(id, missingEnd.reason), at: end))
    }
    var met: Set<ContainerID> = []
    let ordered = containers.sorted { ($0.startedAt, $0.id) < ($1.startedAt, $1.id) }
    for container in ordered where met.insert(container.id).inserted {
      changes += transition(of: container, at: time, missingEnd)
    }
    apply(changes)
    knowledge.prune(listed: listed)
    sight = .watching
    observedThrough = time
    return changes
  }

  /// One container, asked for at `time`; nil when the runtime does not know it. Says nothing about any other, so it
  /// does not end a gap: while nobody watches it changes nothing.
  package mutating func asked(
    _ id: ContainerID, found container: ObservedContainer?, at time: Timestamp
  )
    -> [TimedChange]
  {
    guard case .watching = sight else { return [] }
    let time = time.wholeMilliseconds
    var changes: [TimedChange] = []
    if let container {
      changes = transition(of: container, at: time, (time, .removed))
    } else if let placement = knowledge.running[id] {
      changes = [TimedChange(.ended(id, .removed), at: max(placement.startedAt, time))]
    }
    apply(changes)
    return changes
  }

  private mutating func apply(_ changes: [TimedChange]) {
    for change in changes { knowledge.apply(change) }
  }

  /// What one container's state adds to what is known of it.
  private func transition(
    of container: ObservedContainer, at time: Timestamp,
    _ missingEnd: (time: Timestamp, reason: EndReason)
  ) -> [TimedChange] {
    switch container.state {
    case .created, .unknown:
      return []
    case .running(let pid):
      guard let known = knowledge.running[container.id] else {
        let placement = newPlacement(container, pid: pid, at: time)
        return [TimedChange(.started(placement), at: placement.startedAt)]
      }
      let isSameRun = known.pid == pid || known.startedAt == container.startedAt.wholeMilliseconds
      guard isSameRun else {
        return restart(of: known, as: container, pid: pid, at: time, missingEnd)
      }
      let updated = known.updated(by: container, pid: pid)
      return updated == known ? [] : [TimedChange(.updated(updated), at: time)]
    case .exited(let finished, let reason):
      let end = believable(finished, at: time)
      if let known = knowledge.running[container.id] {
        return [TimedChange(.ended(container.id, reason), at: max(known.startedAt, end))]
      }
      guard knowledge.closed[container.id] == nil, container.startedAt > .never else { return [] }
      // Started and ended between two looks: the runtime remembers both.
      var placement = newPlacement(container, pid: nil, at: time)
      placement.startedAt = min(placement.startedAt, end)
      return [
        TimedChange(.started(placement), at: placement.startedAt),
        TimedChange(.ended(container.id, reason), at: end),
      ]
    }
  }

  /// The same ID runs again as another process: one interval ends unobserved, the next begins.
  private func restart(
    of known: Placement, as container: ObservedContainer, pid: Int32, at time: Timestamp,
    _ missingEnd: (time: Timestamp, reason: EndReason)
  ) -> [TimedChange] {
    var placement = newPlacement(container, pid: pid, at: time)
    let end = max(known.startedAt, min(missingEnd.time, placement.startedAt))
    placement.startedAt = max(placement.startedAt, end)
    return [
      TimedChange(.ended(container.id, missingEnd.reason), at: end),
      TimedChange(.started(placement), at: placement.startedAt),
    ]
  }

  private func newPlacement(_ container: ObservedContainer, pid: Int32?, at time: Timestamp)
    -> Placement
  {
    var start = container.startedAt > .never ? believable(container.startedAt, at: time) : time
    if let closed = knowledge.closed[container.id] { start = max(start, closed) }
    return Placement(
      node: node, service: ServiceName(of: container), container: container.id,
      containerName: container.name, pod: container.pod, podUID: container.podUID,
      namespace: container.namespace, image: container.image, imageDigest: container.imageDigest,
      labels: container.labels, mounts: container.mounts, pid: pid, startedAt: start,
      omitted: container.omitted)
  }

  private func believable(_ claimed: Timestamp, at time: Timestamp) -> Timestamp {
    let isBelievable = claimed > .never && claimed <= time + Self.clockTolerance
    return isBelievable ? claimed.wholeMilliseconds : time
  }
}

extension Timestamp {
  /// 1970: what runtimes give for something that has not happened.
  package static let never = Timestamp(nanoseconds: 0)

  /// Without the part that a record's text does not carry.
  package var wholeMilliseconds: Timestamp {
    Timestamp(nanoseconds: nanoseconds - nanoseconds % 1_000_000)
  }
}

extension Placement {
  /// The same run with what can change in it: its PID, its labels and its mounts.
  ///
  /// Service, pod, image and start are those of the interval's begin: a runtime does not change them, and an image
  /// that is removed later must not make its container forget what it was made from. A volume that was recognised once
  /// stays recognised.
  fileprivate func updated(by container: ObservedContainer, pid: Int32) -> Placement {
    var new = self
    new.pid = pid
    new.labels = container.labels
    new.omitted = container.omitted
    new.mounts = container.mounts
    var size = RecordBudget.size(of: new.mounts)
    for index in new.mounts.indices where new.mounts[index].volume == nil {
      var mount = new.mounts[index]
      size -= RecordBudget.size(of: mount)
      mount.volume =
        mounts.first {
          $0.containerPath == mount.containerPath && $0.hostPath == mount.hostPath
        }?.volume
      size += RecordBudget.size(of: mount)
      guard size <= RecordBudget.mounts else { break }
      new.mounts[index] = mount
    }
    if new.imageDigest.isEmpty { new.imageDigest = container.imageDigest }
    return new
  }
}
