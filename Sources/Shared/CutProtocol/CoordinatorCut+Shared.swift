internal import Model

/// Volumes that several members have, or that are cut in one group: one of the members, the delegate, has the snapshot taken once the witness has told it that all
/// are held, and the others thaw when they have been told that it is cut.
extension CoordinatorCut {
  /// A delegate has cut, as it says itself or as its certificate does; whoever waits for it is told.
  mutating func onCut(_ name: ServiceName, _ snapshots: [SnapshotRecord]) -> [Action] {
    guard case .witnessed = state, let member = members[name], member.plan.isDelegate,
      member.cut == nil
    else { return [] }
    members[name]?.cut = snapshots.filter { $0.takenBy == nil }
    let waiting = members.values.filter { other in
      other.plan.entrusted.contains { $0.delegate == name }
    }
    return notices(to: waiting.map(\.plan.name).sorted())
  }

  /// Tells each of these members what was cut of the volumes that it has entrusted, once that is known of all of them.
  func notices(to names: [ServiceName]) -> [Action] {
    names.compactMap { name -> Action? in
      guard let member = members[name], member.phase == .frozen, let hold = member.hold,
        !member.plan.entrusted.isEmpty
      else { return nil }
      let records = member.plan.entrusted.compactMap { record(of: $0) }
      guard records.count == member.plan.entrusted.count else { return nil }
      return .send(
        .cut(fence: fence, member: name, hold: hold, snapshots: records), to: member.plan.node)
    }
  }

  /// The delegate's snapshot of a volume, as the member has it that shares the volume. Its times are of the delegate's clock.
  private func record(of volume: MemberVolume) -> SnapshotRecord? {
    let cut = volume.delegate.flatMap { members[$0]?.cut }
    guard var record = cut?.first(where: { $0.volume.identity == volume.volume.identity })
    else { return nil }
    record.containerPath = volume.containerPath
    record.volume = volume.volume
    record.takenBy = volume.delegate
    return record
  }

  /// These members and all that have a delegate in common with one of them: without one of its writers held, the snapshot of a
  /// shared volume is no one's, and without its delegate a group has none.
  func sharers(of names: [ServiceName]) -> [ServiceName] {
    var found = Set(names)
    var delegates: Set<ServiceName> = []
    var isGrowing = true
    while isGrowing {
      isGrowing = false
      for member in members.values {
        let own = member.plan.volumes.compactMap(\.delegate)
        guard found.contains(member.plan.name) || !delegates.isDisjoint(with: own) else { continue }
        let before = (found.count, delegates.count)
        found.insert(member.plan.name)
        delegates.formUnion(own)
        isGrowing = isGrowing || before != (found.count, delegates.count)
      }
    }
    return found.sorted()
  }
}
