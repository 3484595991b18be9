internal import CutProtocol
internal import Foundation
package import Model

/// Keeps plans, and rehearses them.
package struct PlanService: PlanOperations {
  private let fleet: FleetID
  private let store: any PlanStore
  private let placements: any PlacementStore
  private let audit: any AuditStore
  private let rehearsal: PlanRehearsal
  private let probing: PlanProbing

  package init(
    fleet: FleetID, store: any PlanStore, placements: any PlacementStore, audit: any AuditStore,
    rehearsal: PlanRehearsal, probing: PlanProbing
  ) {
    self.fleet = fleet
    self.store = store
    self.placements = placements
    self.audit = audit
    self.rehearsal = rehearsal
    self.probing = probing
  }

  package func applyPlan(_ plan: BackupPlan, source: String, author: String)
    async throws(OperationError) -> PlanRecord
  {
    if let current = try await known(plan.name) {
      try PlanOwner.check(current, author: author)
    }
    _ = try await resolve(plan)
    do {
      let record = try await store.save(plan, source: source, by: author, at: .now())
      try await audit.audit(
        AuditEntry(
          time: .now(), actor: author, action: "plan.apply", object: plan.name.text,
          detail: "revision \(record.revision)"))
      return record
    } catch {
      throw OperationError(error)
    }
  }

  package func plans() async throws(OperationError) -> [PlanRecord] {
    do { return try await store.plans() } catch { throw OperationError(error) }
  }

  package func plan(_ name: PlanName) async throws(OperationError) -> PlanRecord {
    guard let found = try await known(name) else {
      throw OperationError(
        .notFound, "there is no plan \(name)", hint: "see 'stillpoint plan list'")
    }
    return found
  }

  private func known(_ name: PlanName) async throws(OperationError) -> PlanRecord? {
    do { return try await store.plan(name) } catch { throw OperationError(error) }
  }

  package func checkPlan(_ name: PlanName) async throws(OperationError) -> PlanCheck {
    let record = try await plan(name)
    return try await rehearsal.run(try await resolve(record.plan))
  }

  /// Audited before the first volume is made, and once more with what was found.
  package func probePlan(_ name: PlanName, author: String) async throws(OperationError) -> PlanProbe
  {
    let targets = PlanProbing.targets(of: try await resolve(try await plan(name).plan))
    guard !targets.isEmpty else {
      throw OperationError(.invalid, "plan \(name) has no volumes, so there is no driver to try")
    }
    let probe: ProbeID
    do {
      probe = try ProbeID("probe-\(String(UInt64.random(in: .min ... .max), radix: 36))")
    } catch {
      throw OperationError(.invalid, "\(error)")
    }
    let places = targets.map { "\($0.driver) on \($0.node)" }.joined(separator: ", ")
    try await note(author, "plan.probe", name, "\(probe): \(places)")
    let drivers = await probing.run(targets, as: probe)
    let found = drivers.map {
      "\($0.findings.driver) on \($0.node) \($0.findings.outcome.rawValue)"
    }
    try await note(author, "plan.probed", name, "\(probe): \(found.joined(separator: ", "))")
    return PlanProbe(probe: probe, drivers: drivers)
  }

  private func note(_ author: String, _ action: String, _ plan: PlanName, _ detail: String)
    async throws(OperationError)
  {
    do {
      try await audit.audit(
        AuditEntry(
          time: .now(), actor: author, action: action, object: plan.text, detail: detail))
    } catch {
      throw OperationError(error)
    }
  }

  package func deletePlan(_ name: PlanName, author: String) async throws(OperationError) {
    try PlanOwner.check(try await plan(name), author: author)
    do {
      try await store.deletePlan(name)
      try await audit.audit(
        AuditEntry(time: .now(), actor: author, action: "plan.delete", object: name.text))
    } catch {
      throw OperationError(error)
    }
  }

  /// The plan against what runs now, under an ID that no backup ever gets.
  private func resolve(_ plan: BackupPlan) async throws(OperationError) -> CutPlan {
    let running: [Placement]
    do { running = try await placements.running(on: nil) } catch { throw OperationError(error) }
    let random = String(UInt32.random(in: .min ... .max), radix: 16)
    let id: BackupID
    do {
      id = try BackupID("rehearsal-\(random)")
    } catch {
      throw OperationError(.invalid, "\(error)")
    }
    return try CutPlanner.plan(plan, running: running, backup: id, fleet: fleet, at: .now())
  }
}
