internal import CutProtocol
internal import DemoFleet
internal import Model
internal import OperatorWire

/// A backup as Stillpoint takes it, with what its agents signed.
struct StillpointCut: Sendable {
  let plan: CutPlan
  let statements: [HoldStatement]
  let times: CutTimesTaken

  /// Takes a backup, and deletes it again.
  static func take(_ plan: String, with shell: OperatorShell) async throws -> StillpointCut {
    let backup = try await shell.createBackup(of: plan)
    guard let verdict = backup.verdict, verdict.grade >= .crashConsistent, backup.attempts == 1
    else {
      throw BenchError(
        "backup \(backup.id) is of no use here: \(backup.verdict?.sentence ?? "it did not end"), "
          + "\(backup.attempts) attempts")
    }
    let document = try await shell.ask(
      ["backup", "show", backup.id.text], as: EvidenceDocument.self)
    guard let readable = document.readable, readable.statements.count == backup.members.count
    else { throw BenchError("the evidence of backup \(backup.id) cannot be read") }
    try await shell.run(["backup", "delete", backup.id.text])
    // Which instant it is, the witness says; the grade would be lower if it had not reached everybody.
    return StillpointCut(
      plan: readable.plan, statements: readable.statements,
      times: CutTimesTaken(members: readable.statements.map(HeldTimes.init), isJoint: true))
  }
}
