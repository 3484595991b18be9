internal import ArgumentParser
internal import CommandLineKit
internal import CutProtocol
internal import Model
internal import OperatorWire

struct BackupVerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract:
      "Evaluate a backup's proof anew, and ask whether its snapshots are still there; or evaluate an exported file.",
    discussion: """
      With --file nothing else is needed: no configuration, no coordinator. The exit status is 3 when \
      less is proved than the plan requires, or a snapshot is missing.
      """)

  @Argument(help: "The backup.", completion: completion(.backup), transform: name)
  var backup: BackupID?
  @Option(
    help: "An exported backup (backup show ID -o json); - reads standard input.",
    completion: .file(extensions: ["json"]))
  var file: String?
  @Option(
    help: "With --file: believe only the authority with this SHA-256 fingerprint.",
    transform: fingerprint)
  var authority: AuthorityFingerprint?
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var output: OutputOptions

  @Sendable private static func fingerprint(_ text: String) throws -> AuthorityFingerprint {
    guard let fingerprint = AuthorityFingerprint(text) else {
      throw ValidationError(
        "'\(text)' is no SHA-256 fingerprint: 64 hexadecimal digits, colons allowed")
    }
    return fingerprint
  }

  func validate() throws {
    guard (backup == nil) != (file == nil) else {
      throw ValidationError("name a backup, or an exported one with --file")
    }
    guard authority == nil || file != nil else {
      throw ValidationError("--authority belongs to --file: a coordinator proves itself")
    }
  }

  /// What the coordinator concluded, as a document.
  struct Verified: Codable, Sendable {
    var backup: BackupID
    var requires: Grade
    var met: Bool
    var verdict: Verdict
    /// Empty where the nodes could not be asked.
    var snapshots: [SnapshotStandingBody]
    /// Why they could not.
    var notAsked: String?
  }

  func run() async throws {
    if let file {
      let verification = try await OfflineVerification(
        document: inputData(file, upTo: ExportedBackup.largestFile), named: file,
        authority: authority)
      try output.write(OfflineVerificationDocument(verification)) { _ in verification.text }
      return try ExitWith.unlessMet(verification.status == .done)
    }
    guard let id = backup else { return }
    let verified = try await connection.connect { client in
      let backup: BackupBody = try await client.get("/v1/backups/\(id)")
      let verdict: Verdict = try await client.get("/v1/backups/\(id)/verify")
      var verified = Verified(
        backup: id, requires: backup.requires, met: verdict.grade >= backup.requires,
        verdict: verdict, snapshots: [])
      do {
        let found: Items<SnapshotStandingBody> = try await client.get("/v1/backups/\(id)/snapshots")
        verified.snapshots = found.items
      } catch let failure as CommandFailure {
        verified.notAsked = failure.message
      }
      return verified
    }
    try output.write(verified) { _ in
      verdictText(
        verified.verdict, of: id.text, requires: verified.requires, snapshots: verified.snapshots,
        notAsked: verified.notAsked)
    }
    try ExitWith.unlessMet(
      verified.met && !verified.snapshots.contains { $0.state == .missing })
  }
}
