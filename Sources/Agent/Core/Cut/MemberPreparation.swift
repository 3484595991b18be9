internal import CutProtocol
internal import Model

/// Makes one member ready to be held: checks that the plan still fits, opens every hold, asks the storage.
struct MemberPreparation: Sendable {
  let target: HoldTarget
  let holds: [any PreparedHold]
  let preparation: Preparation

  static func prepare(_ member: MemberPlan, for cut: PlannedCut, in environment: CutEnvironment)
    async throws(Refusal) -> MemberPreparation
  {
    let target = try await resolve(member, cap: cut.cap, in: environment)
    let snapshots =
      member.volumes.isEmpty
      ? SnapshotReadiness(predicted: .zero)
      : try await environment.snapshots.prepare(member.ownCuts, for: cut)
    var holds: [any PreparedHold] = []
    for (index, spec) in member.holds.enumerated() {
      do throws(Refusal) {
        let target = target.before(member.holds[(index + 1)...])
        holds.append(try await environment.quiescer.prepare(spec, for: target))
      } catch {
        for hold in holds.reversed() { await hold.discard() }
        throw error
      }
    }
    let readiness = holds.map(\.readiness)
    let preparation = Preparation(
      predictedQuiesce: readiness.map(\.predicted).reduce(.zero, +),
      predictedSnapshot: snapshots.predicted,
      fidelity: Fidelity.united(
        readiness.map(\.fidelity),
        losesAcknowledged: readiness.contains(where: \.losesAcknowledged)
      ).overCopies(readiness.contains(where: \.keepsFiles) ? [] : snapshots.copies),
      remarks: snapshots.remarks + readiness.flatMap(\.remarks))
    return MemberPreparation(target: target, holds: holds, preparation: preparation)
  }

  /// The container that was planned on must be the one that runs, with the volumes that were planned on.
  private static func resolve(
    _ member: MemberPlan, cap: Duration, in environment: CutEnvironment
  ) async throws(Refusal) -> HoldTarget {
    guard member.node == environment.node else {
      throw Refusal(.moved, "\(member.name) was planned on \(member.node), not here")
    }
    let known = try await listed(in: environment)
    let planned = known.first { $0.id == member.container }
    if case .unknown(let why)? = planned?.state {
      throw Refusal(
        .busy, "the state of container \(member.container) of \(member.name) cannot be told: \(why)"
      )
    }
    guard let container = planned, case .running(let pid) = container.state else {
      throw Refusal(
        .moved, "container \(member.container) of \(member.name) is not running any more",
        hint: "take the backup again: it is then planned on what runs now")
    }
    for planned in member.volumes {
      let mount = container.mounts.first { $0.containerPath == planned.containerPath }
      guard mount?.volume == planned.volume else {
        throw Refusal(
          .moved,
          "\(planned.containerPath) of \(member.name) is not backed by volume \(planned.volume.handle) any more"
        )
      }
    }
    var siblings: [String: ProcessIdentity] = [:]
    for sibling in known where sibling.podUID == container.podUID {
      guard case .running(let pid) = sibling.state else { continue }
      siblings[sibling.name] = try identity(sibling.id, pid, in: environment)
    }
    return HoldTarget(
      member: member.name, process: try identity(container.id, pid, in: environment),
      volumes: member.volumes, siblings: siblings, cap: cap)
  }

  private static func listed(in environment: CutEnvironment) async throws(Refusal)
    -> [ObservedContainer]
  {
    do {
      return try await environment.runtime.containers()
    } catch {
      throw Refusal(
        .busy, "the container runtime of \(environment.node) does not answer: \(error)")
    }
  }

  static func identity(_ container: ContainerID, _ pid: Int32, in environment: CutEnvironment)
    throws(Refusal) -> ProcessIdentity
  {
    do {
      return try environment.identify(container, pid)
    } catch {
      throw Refusal(.moved, "the first process of container \(container) cannot be read: \(error)")
    }
  }
}
