import CoordinatorCore
import CutProtocol
import Model

/// What the coordinators of a fleet keep on disk. A value: an old catalog is an old copy of it.
///
/// Each call is one transaction and follows the rules that `Catalog` enforces in SQL.
struct FleetStore {
  struct Backup {
    var plan: SealedPlan
    var author: String
    var outcome: CutOutcome?
    var deletionBegan: Timestamp?
  }

  struct Attempt {
    var fence: Fence
    var backup: BackupID
    var group: Int
    var member: ServiceName
    var node: NodeID
    var isOpen = true
    var certificate: HoldCertificate?
  }

  private(set) var epoch: UInt64 = 0
  private(set) var backups: [Backup] = []
  private(set) var attempts: [Attempt] = []
  private(set) var revoked: Set<NodeID> = []
  private(set) var known: [NodeID: AgentHello] = [:]

  mutating func beginEpoch() -> UInt64 {
    epoch += 1
    return epoch
  }

  mutating func raiseEpoch(above other: UInt64) -> UInt64 {
    epoch = max(epoch, other + 1)
    return epoch
  }

  mutating func revoke(_ node: NodeID) { revoked.insert(node) }
  mutating func enrol(_ node: NodeID) { revoked.remove(node) }
  mutating func met(_ node: NodeID, _ hello: AgentHello) { known[node] = hello }

  func backup(_ id: BackupID) -> Backup? { backups.first { $0.plan.plan.backup == id } }
  func outcome(of id: BackupID) -> CutOutcome? { backup(id)?.outcome }
  func isBegun(_ fence: Fence, _ member: ServiceName) -> Bool { index(fence, member) != nil }

  mutating func create(_ plan: SealedPlan, by author: String) throws(CatalogError) {
    if let stored = backup(plan.plan.backup) {
      guard stored.plan == plan else {
        throw CatalogError(.conflict, "backup \(plan.plan.backup) exists with another plan")
      }
      return
    }
    backups.append(Backup(plan: plan, author: author))
  }

  mutating func begin(
    _ fence: Fence, of id: BackupID, group: Int, members: [ServiceName]
  ) throws(CatalogError) {
    guard fence.epoch == epoch else {
      throw CatalogError(.conflict, "epoch \(fence.epoch) is not the current epoch \(epoch)")
    }
    guard let backup = backup(id) else { throw CatalogError(.notFound, "there is no \(id)") }
    guard backup.outcome == nil else {
      throw CatalogError(.conflict, "\(id) has its outcome already")
    }
    guard !attempts.contains(where: { $0.fence == fence }) else {
      throw CatalogError(.conflict, "attempt \(fence) exists")
    }
    for index in attempts.indices
    where attempts[index].backup == id && attempts[index].group == group {
      attempts[index].certificate = nil
    }
    for member in members {
      guard let planned = backup.plan.plan.member(member), planned.group == group else {
        throw CatalogError(.conflict, "\(member) is no member of group \(group)")
      }
      attempts.append(
        Attempt(fence: fence, backup: id, group: group, member: member, node: planned.node))
    }
  }

  mutating func keep(
    _ certificate: HoldCertificate, _ fence: Fence, _ member: ServiceName
  ) throws(CatalogError) {
    guard let index = index(fence, member) else {
      throw CatalogError(.notFound, "attempt \(fence) has no member \(member)")
    }
    if let kept = attempts[index].certificate, kept.statement != certificate.statement {
      throw CatalogError(.conflict, "\(member) has another certificate for \(fence)")
    }
    attempts[index].certificate = certificate
  }

  mutating func commit(_ outcome: CutOutcome, epoch writer: UInt64) throws(CatalogError) {
    guard writer == epoch else {
      throw CatalogError(.conflict, "epoch \(writer) is not the current epoch \(epoch)")
    }
    guard let index = backups.firstIndex(where: { $0.plan.plan.backup == outcome.backup }) else {
      throw CatalogError(.notFound, "there is no \(outcome.backup)")
    }
    guard backups[index].outcome == nil else {
      throw CatalogError(.conflict, "\(outcome.backup) has its outcome already")
    }
    for group in outcome.groups {
      let isBegun = attempts.contains {
        $0.fence == group.fence && $0.group == group.group && $0.backup == outcome.backup
      }
      guard isBegun else {
        throw CatalogError(.conflict, "\(outcome.backup) has no attempt \(group.fence)")
      }
    }
    backups[index].outcome = outcome
  }

  mutating func close(_ fence: Fence, _ member: ServiceName) throws(CatalogError) {
    guard let index = index(fence, member) else {
      throw CatalogError(.notFound, "attempt \(fence) has no member \(member)")
    }
    attempts[index].isOpen = false
  }

  func unfinished() -> UnfinishedWork {
    let open = attempts.filter(\.isOpen).sorted {
      ($0.fence, $0.member) < ($1.fence, $1.member)
    }
    let cuts = backups.filter { $0.outcome == nil }.map(\.plan)
    let begun = Set(attempts.map(\.backup))
    return UnfinishedWork(
      begun: cuts.filter { begun.contains($0.plan.backup) },
      notBegun: cuts.filter { !begun.contains($0.plan.backup) },
      members: open.map { entry in
        UnfinishedWork.OpenMember(
          backup: entry.backup, fence: entry.fence, group: entry.group, member: entry.member,
          node: entry.node, committed: isCommitted(entry), certificate: entry.certificate)
      })
  }

  func isUndecided(_ fence: Fence) -> Bool {
    attempts.contains { $0.fence == fence && outcome(of: $0.backup) == nil }
  }

  func isCommitted(_ entry: Attempt) -> Bool {
    outcome(of: entry.backup)?.groups.contains {
      $0.fence == entry.fence && $0.group == entry.group
    } ?? false
  }

  private func index(_ fence: Fence, _ member: ServiceName) -> Int? {
    attempts.firstIndex { $0.fence == fence && $0.member == member }
  }

  mutating func beginDeletion(_ id: BackupID, at time: Timestamp) throws(CatalogError) {
    guard let index = backups.firstIndex(where: { $0.plan.plan.backup == id }) else {
      throw CatalogError(.notFound, "there is no \(id)")
    }
    guard backups[index].outcome != nil else {
      throw CatalogError(.conflict, "\(id) is still being made")
    }
    backups[index].deletionBegan = time
  }

  mutating func finishDeletion(_ id: BackupID) throws(CatalogError) {
    guard !attempts.contains(where: { $0.backup == id && $0.isOpen }) else {
      throw CatalogError(.conflict, "an agent may still have something of \(id)")
    }
    backups.removeAll { $0.plan.plan.backup == id }
    attempts.removeAll { $0.backup == id }
  }
}
