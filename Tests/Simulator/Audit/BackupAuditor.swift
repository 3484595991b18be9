import CoordinatorCore
import CutProtocol
import Model

/// Compares what a committed backup claims with what really happened.
struct BackupAuditor {
  let world: World
  let outcome: CutOutcome
  let sealed: SealedPlan

  private struct Part {
    var member: MemberPlan
    var service: Int
    var statement: HoldStatement
    var hold: GhostHistory.Hold
    var snapshot: Storage.Snapshot?

    /// How many of the service's writes the snapshot has.
    var version: Int? { snapshot?.content[service] }
  }

  /// At the commit.
  func check() {
    checkReferences()
    guard outcome.verdict.grade >= .groupConsistent else { return }
    for group in outcome.groups {
      checkWitness(group)
      let parts = group.certificates.compactMap(part)
      guard parts.count == group.certificates.count else {
        violate("S3", "a certificate names a hold that never was")
        continue
      }
      for part in parts { checkHold(part) }
      checkInstant(parts)
      checkCausality(parts)
      if outcome.verdict.drained { checkDrained(parts) }
    }
  }

  /// S14: what the backup refers to exists, now and later.
  func checkReferences() {
    guard outcome.verdict.grade > .failed else { return }
    for statement in outcome.groups.flatMap(\.certificates).compactMap(world.notary.statement) {
      for record in statement.snapshots
      where !world.storage.promised.contains(record.handle.text) {
        let found = world.storage.snapshots.last { $0.handle == record.handle.text }
        if found == nil || found?.deletedAt != nil {
          violate("S14", "snapshot \(record.handle) of a committed backup is not there")
        }
      }
    }
  }

  private func part(_ certificate: HoldCertificate) -> Part? {
    guard let statement = world.notary.statement(certificate),
      let member = sealed.plan.member(statement.member),
      let service = world.service(statement.member),
      let hold = world.ghost.hold(statement.hold, service: service)
    else { return nil }
    let handle = statement.snapshots.first?.handle.text
    let snapshot = world.storage.snapshots.last { $0.handle == handle }
    return Part(
      member: member, service: service, statement: statement, hold: hold, snapshot: snapshot)
  }

  private func checkWitness(_ group: GroupEvidence) {
    let statements = group.certificates.compactMap(world.notary.statement)
    if Set(statements.map(\.witness)).count > 1 || Set(statements.map(\.planHash)).count > 1 {
      violate("S9", "certificates of one commit differ in vector or plan")
    }
    let witnessed = Set(statements.flatMap { $0.witness.entries.map(\.member) })
    let left = Set(group.leftOut.map(\.member))
    let planned = Set(sealed.plan.members.filter { $0.group == group.group }.map(\.name))
    if !witnessed.isDisjoint(with: left) { violate("S19", "a witnessed member was left out") }
    if witnessed.union(left) != planned { violate("S19", "a member is neither held nor left out") }
  }

  /// A driver that answers before it cuts breaks what the protocol builds on; only probing the driver tells.
  private func isHonest(_ part: Part) -> Bool {
    !part.statement.snapshots.contains { world.storage.promised.contains($0.handle.text) }
  }

  private func checkHold(_ part: Part) {
    let ended = part.hold.ended ?? world.timeline.now
    let writes = world.application.services[part.service].began.dropFirst().filter {
      $0 > part.hold.began && $0 < ended
    }
    if !writes.isEmpty {
      violate("S12", "\(part.member.name) wrote \(writes.count) times in its hold")
    }
    guard !part.member.volumes.isEmpty, isHonest(part) else { return }
    guard let snapshot = part.snapshot else {
      return violate("S2", "\(part.member.name) has no snapshot")
    }
    if snapshot.cutAt > ended { violate("S2", "\(part.member.name) was cut after its thaw") }
    if snapshot.cutAt < part.hold.began {
      violate("S3", "\(part.member.name) was cut before its hold")
    }
  }

  /// S1: one instant at which every member's durable state was what its snapshot has.
  private func checkInstant(_ parts: [Part]) {
    var from = Duration.zero
    var to = world.timeline.now
    for part in parts where isHonest(part) {
      guard let version = part.version else { continue }
      let began = world.application.services[part.service].began
      from = max(from, began[version])
      if version + 1 < began.count { to = min(to, began[version + 1]) }
    }
    if from > to { violate("S1", "no instant had this state: \(from) is after \(to)") }
    for part in parts {
      from = max(from, part.hold.began)
      to = min(to, part.hold.ended ?? world.timeline.now)
    }
    if from > to { violate("S1", "at no instant were all members held") }
  }

  /// F2: a later write of a chain is never there without the earlier ones that were acknowledged before it.
  private func checkCausality(_ parts: [Part]) {
    let ordered = parts.filter { $0.snapshot != nil && isHonest($0) }.sorted {
      $0.service < $1.service
    }
    for (earlier, later) in zip(ordered, ordered.dropFirst()) {
      let first = newestChains(earlier)
      let second = newestChains(later)
      for writer in first.indices where second[writer] > first[writer] {
        violate(
          "S1",
          "\(later.member.name) has chain \(second[writer]) of writer \(writer), "
            + "\(earlier.member.name) only \(first[writer])")
      }
    }
  }

  private func newestChains(_ part: Part) -> [Int] {
    var newest = [0, 0, 0]
    let log = world.application.services[part.service].log
    for write in log.prefix(part.version ?? 0) {
      newest[write.writer] = max(newest[write.writer], write.chain)
    }
    return newest
  }

  private func checkDrained(_ parts: [Part]) {
    for part in parts {
      for caller in parts where caller.member.level > part.member.level {
        if caller.hold.began > part.hold.began {
          violate("S1", "marked as drained, but \(caller.member.name) was held later")
        }
      }
    }
  }

  private func violate(_ property: String, _ what: String) {
    world.violate(property, "\(sealed.plan.backup) (\(outcome.verdict.grade.rawValue)): \(what)")
  }
}
