package import Model

/// How long each member will be held, from what prepare measured.
package struct WindowPrediction: Hashable, Sendable {
  package struct Window: Hashable, Sendable {
    package var member: ServiceName
    package var window: Duration
  }

  /// Sorted by member.
  package let windows: [Window]

  /// A member is held until the slowest of its level has quiesced and then each lower level in turn, or until its own snapshot
  /// is cut; every step costs a round trip of messages.
  ///
  /// `levels` is empty unless the cut drains: everybody is then frozen at once.
  ///
  /// `delegates` names, for each member with shared volumes, those whose snapshots of them it waits for; they are begun after the
  /// witness.
  package init(
    preparations: [ServiceName: Preparation], levels: [ServiceName: Int] = [:],
    delegates: [ServiceName: Set<ServiceName>] = [:], roundTrip: Duration
  ) {
    var slowest: [Int: Duration] = [:]
    for (name, preparation) in preparations {
      let level = levels[name, default: 0]
      slowest[level] = max(slowest[level] ?? .zero, preparation.predictedQuiesce.duration)
    }
    windows = preparations.map { name, preparation in
      let level = levels[name, default: 0]
      let own = preparation.predictedQuiesce.duration
      let below = slowest.filter { $0.key < level }.values.map { $0 + roundTrip }
      let waiting = (slowest[level] ?? own) - own + roundTrip + below.reduce(.zero, +)
      let snapshot = preparation.predictedSnapshot.duration
      let shared = (delegates[name] ?? []).map { delegate in
        delegate == name
          ? snapshot : (preparations[delegate]?.predictedSnapshot.duration ?? .zero) + roundTrip
      }
      return Window(
        member: name, window: own + max(waiting + (shared.max() ?? .zero), snapshot))
    }.sorted { $0.member < $1.member }
  }

  /// The same, of the members of a plan.
  package init(
    preparations: [ServiceName: Preparation], of members: [MemberPlan], drain: Bool,
    roundTrip: Duration
  ) {
    let named = members.map { ($0.name, $0) }
    let plans = Dictionary(named, uniquingKeysWith: { first, _ in first })
    self.init(
      preparations: preparations, levels: drain ? plans.mapValues(\.level) : [:],
      delegates: plans.mapValues { Set($0.volumes.compactMap(\.delegate)) }, roundTrip: roundTrip)
  }

  package var longest: Window? { windows.max { $0.window < $1.window } }
}
