internal import AgentCore
internal import CutProtocol
internal import LinuxSystem
internal import Model

/// One member as the other orders hold it: with the production quiescers and the production snapshot provider, from this
/// process. No guardian, no state tokens, no certificates, no messages: whatever Stillpoint does beyond the hooks and
/// the snapshot is not counted against them.
struct BaselineMember: Sendable {
  let plan: MemberPlan
  let holds: [any PreparedHold]
  let snapshots: any SnapshotProvider
  let clock: any CutClock

  /// Does what a pre hook could have done before: sessions are open and warm, the expensive flush is done.
  static func prepare(
    _ plan: MemberPlan, _ node: BaselineNode, cap: Duration, clock: any CutClock
  ) async throws -> BaselineMember {
    let process = try await node.process(of: plan.container)
    let target = HoldTarget(
      member: plan.name, process: process, volumes: plan.volumes, siblings: [:], cap: cap)
    var holds: [any PreparedHold] = []
    do {
      _ = try await node.snapshots.prepare(plan.volumes)
      for (index, spec) in plan.holds.enumerated() {
        let target = target.before(plan.holds[(index + 1)...])
        holds.append(try await node.quiescer.prepare(spec, for: target))
      }
    } catch {
      for hold in holds.reversed() { await hold.discard() }
      throw error
    }
    return BaselineMember(plan: plan, holds: holds, snapshots: node.snapshots, clock: clock)
  }

  /// The pre hook.
  func hold(_ times: inout HeldTimes) async throws {
    times.began = clock.now()
    for hold in holds { try await hold.hold() }
    times.held = clock.now()
  }

  /// The snapshot; answers what was cut.
  func cut(_ times: inout HeldTimes, fence: Fence, backup: BackupID) async throws
    -> [SnapshotRecord]
  {
    let hold = HoldID(boot: "baseline", incarnation: 1, counter: fence.cut)
    let name = SnapshotName(fence: fence, member: plan.name, hold: hold, backup: backup)
    let requested = clock.now()
    let records = try await snapshots.cut(plan.volumes, name: name, clock: { clock.now() })
    times.snapshot = clock.now() - requested
    return records
  }

  /// The post hook.
  func release(_ times: inout HeldTimes) async throws {
    times.thawBegan = clock.now()
    for hold in holds.reversed() {
      let finding = await hold.release()
      guard finding.endedThisHold else {
        throw BenchError("\(plan.name) was not held until its release: \(finding.finding ?? "")")
      }
    }
    times.thawEnded = clock.now()
  }

  /// Ends whatever is held, and closes the sessions.
  func discard() async {
    for hold in holds.reversed() { await hold.discard() }
  }
}

/// Why the benchmark cannot go on; completes "bench: FAILED: …".
struct BenchError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
