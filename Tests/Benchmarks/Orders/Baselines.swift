internal import CutProtocol
internal import Model

/// The two orders that other tools have, over the same members.
struct Baselines: Sendable {
  let nodes: [String: BaselineNode]
  let clock: any CutClock

  /// The longest that a hold may last; far above anything that is measured.
  private static let cap = Duration.seconds(60)

  /// Takes one cut in the given order; the snapshots are deleted again.
  func take(_ order: Order, of plan: CutPlan, number: UInt64) async throws -> CutTimesTaken {
    let members = try await prepare(plan)
    let fence = Fence(epoch: 1, cut: number, attempt: 1)
    let run = Run(members: members, fence: fence, backup: plan.backup)
    let taken: [Run.Part]
    do {
      switch order {
      case .oneByOne: taken = try await run.oneByOne()
      case .barrier: taken = try await run.barrier()
      case .stillpoint: throw BenchError("Stillpoint's own order is taken by its coordinator")
      }
    } catch {
      for member in members { await member.discard() }
      throw error
    }
    await withTaskGroup(of: Void.self) { group in
      for member in members { group.addTask { await member.discard() } }
    }
    for (member, part) in zip(members, taken) {
      try await nodes[member.plan.node.text]?.delete(part.records)
    }
    var cut = CutTimesTaken(members: taken.map(\.times), isJoint: false)
    cut.isJoint = cut.overlapped
    return cut
  }

  private func prepare(_ plan: CutPlan) async throws -> [BaselineMember] {
    try await withThrowingTaskGroup(of: (Int, BaselineMember).self) { group in
      var members: [Int: BaselineMember] = [:]
      for (index, member) in plan.members.enumerated() {
        guard let node = nodes[member.node.text] else {
          throw BenchError("there is no node \(member.node)")
        }
        group.addTask {
          (index, try await BaselineMember.prepare(member, node, cap: Self.cap, clock: clock))
        }
      }
      do {
        for try await (index, member) in group { members[index] = member }
      } catch {
        for member in members.values { await member.discard() }
        throw error
      }
      return members.sorted { $0.key < $1.key }.map(\.value)
    }
  }
}

/// One cut of the members, which are prepared.
private struct Run: Sendable {
  let members: [BaselineMember]
  let fence: Fence
  let backup: BackupID

  struct Part: Sendable {
    var times: HeldTimes
    var records: [SnapshotRecord] = []

    init(_ member: BaselineMember) {
      times = HeldTimes(
        member: member.plan.name.text, began: .zero, held: .zero, snapshot: .zero,
        thawBegan: .zero, thawEnded: .zero)
    }
  }

  /// Velero's order: for each service its pre hook, its snapshot, its post hook, and only then the next.
  func oneByOne() async throws -> [Part] {
    var parts: [Part] = []
    for member in members {
      var part = Part(member)
      try await member.hold(&part.times)
      part.records = try await member.cut(&part.times, fence: fence, backup: backup)
      try await member.release(&part.times)
      parts.append(part)
    }
    return parts
  }

  /// Stork's order: all pre hooks, then all snapshots, then all post hooks; each step waits for everybody.
  func barrier() async throws -> [Part] {
    let parts = try await all(members.map(Part.init)) { try await $0.hold(&$1.times) }
    let cut = try await all(parts) {
      $1.records = try await $0.cut(&$1.times, fence: fence, backup: backup)
    }
    return try await all(cut) { try await $0.release(&$1.times) }
  }

  private func all(
    _ parts: [Part], _ step: @escaping @Sendable (BaselineMember, inout Part) async throws -> Void
  ) async throws -> [Part] {
    try await withThrowingTaskGroup(of: (Int, Part).self) { group in
      for (index, member) in members.enumerated() {
        group.addTask {
          var part = parts[index]
          try await step(member, &part)
          return (index, part)
        }
      }
      var result = parts
      for try await (index, part) in group { result[index] = part }
      return result
    }
  }
}
