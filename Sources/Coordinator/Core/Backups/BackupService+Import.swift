package import CutProtocol
package import Model

extension BackupService {
  /// A lost catalog comes back from what was exported of it. The proof is judged by the authorities that this coordinator
  /// believes, never by those that the export brings; what it proves now has to be at least what was concluded then.
  package func importBackup(_ evidence: BackupEvidence, author: String)
    async throws(OperationError) -> BackupRecord
  {
    let record = try await Self.judged(
      evidence, author, fleet: environment.fleet, verifier: environment.verifier)
    let id = record.plan.plan.backup
    // Attempts to come must not take the fences of those that made this backup.
    for group in record.groups {
      try await reading { () throws(CatalogError) in
        _ = try await environment.fences.observe(group.fence)
      }
    }
    try await reading { () throws(CatalogError) in
      try await environment.backups.takeOver(record)
    }
    try? await environment.audit.audit(
      AuditEntry(
        time: environment.clock.timestamp(), actor: author, action: "backup.import",
        object: id.text))
    await environment.closer.sweep(node: nil)
    await export(id)
    return try await backup(id)
  }

  /// What an exported backup is believed to be; throws what is none, of another fleet, or claims more than it proves.
  package nonisolated static func judged(
    _ evidence: BackupEvidence, _ author: String, fleet: FleetID,
    verifier: any CertificateVerifier
  ) async throws(OperationError) -> BackupRecord {
    let plan: SealedPlan
    do {
      plan = try SealedPlan(bytes: evidence.plan)
    } catch {
      throw OperationError(.invalid, "the plan in the exported backup is not readable: \(error)")
    }
    let id = plan.plan.backup
    guard plan.plan.fleet == fleet else {
      throw OperationError(
        .invalid,
        "backup \(id) is of fleet \(plan.plan.fleet), and this is fleet \(fleet)")
    }
    guard let recorded = evidence.recorded, let endedAt = evidence.endedAt else {
      throw OperationError(
        .invalid, "backup \(id) was exported while its cut still ran: the export proves nothing")
    }
    let proved = await Grader.verdict(of: evidence, verifier: verifier)
    guard proved.grade >= recorded.grade else {
      throw OperationError(
        .invalid,
        "the export of backup \(id) proves \(proved.grade.rawValue) only, and says \(recorded.grade.rawValue): \(proved.sentence)",
        hint:
          "it was changed, or comes from an authority that this coordinator does not have: bring the coordinator's directory back first"
      )
    }
    return BackupRecord(
      plan: plan, createdBy: evidence.createdBy ?? author,
      verdict: believed(recorded, proved, requires: plan.plan.requires),
      groups: evidence.groups, endedAt: endedAt, deletionBegan: nil, attempts: 1)
  }

  /// What was recorded lies beside the proof, where anybody can write. So only what claims less is taken from it: a lower grade
  /// with its reason, and why a backup fell short of its plan.
  private nonisolated static func believed(_ recorded: Verdict, _ proved: Verdict, requires: Grade)
    -> Verdict
  {
    guard recorded.grade == proved.grade else {
      return Verdict(
        grade: recorded.grade, drained: false, sentence: recorded.sentence,
        findings: recorded.findings)
    }
    var verdict = proved
    if proved.grade < requires { verdict.sentence = recorded.sentence }
    return verdict
  }
}
