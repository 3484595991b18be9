package import CutProtocol
package import Foundation
internal import Identity
package import Model
internal import OperatorWire

/// What an exported backup proves, judged from the file alone.
package struct OfflineVerification: Sendable {
  package var plan: CutPlan
  package var verdict: Verdict
  /// What the coordinator had concluded.
  package var recorded: Verdict?
  /// The authorities whose signatures were believed.
  package var authorities: [AuthorityFingerprint]
  /// Whether the authorities were compared with a fingerprint that the caller knows from elsewhere.
  package var compared: Bool
  /// What the certificates state, believed or not.
  package var statements: [HoldStatement]

  /// Judges `document`. With `authority`, only certificates that go back to that very authority are believed.
  /// Throws when the document is no evidence at all; evidence that proves little has a low grade instead.
  package init(
    document: Data, named name: String, authority: AuthorityFingerprint?
  ) async throws(CommandFailure) {
    let evidence = try ExportedBackup.read(document, named: name)
    do {
      plan = try SealedPlan(bytes: evidence.plan).plan
    } catch {
      throw CommandFailure(
        .input, "\(name) is damaged: the plan in it cannot be read",
        hint: "export it anew: stillpoint backup show ID -o json")
    }
    var believed = evidence
    if let authority {
      believed.authorities = evidence.authorities.filter {
        AuthorityFingerprint(certificate: $0) == authority
      }
      guard !believed.authorities.isEmpty else {
        let found = evidence.authorities.map { "\(AuthorityFingerprint(certificate: $0))" }
        throw CommandFailure(
          .identity,
          "\(name) comes from another authority: it carries \(found.listed), not \(authority)",
          hint: "it proves nothing about the fleet that you expected")
      }
    }
    let verifier: FleetCertificateVerifier
    do {
      verifier = try FleetCertificateVerifier(
        fleet: plan.fleet, authorities: believed.authorities)
    } catch {
      throw CommandFailure(
        .input, "\(name) carries no usable authority of fleet \(plan.fleet): \(error.message)",
        hint: "export it anew: stillpoint backup show ID -o json")
    }
    verdict = await Grader.verdict(of: believed, verifier: verifier)
    recorded = evidence.recorded
    authorities = believed.authorities.map { AuthorityFingerprint(certificate: $0) }
    compared = authority != nil
    // One that cannot be read is named by the verdict; here the readable ones are shown.
    statements = evidence.groups.flatMap(\.certificates).compactMap { try? $0.decoded() }
  }

  package var status: ExitStatus { verdict.grade >= plan.requires ? .done : .gradeNotMet }

  package var text: String {
    var text = verdictText(verdict, of: plan.backup.text, requires: plan.requires)
    if let recorded, recorded != verdict {
      text +=
        "note: the coordinator recorded \(recorded.grade.rawValue): \(recorded.sentence.printable)\n"
    }
    var table = TextTable(["MEMBER", "NODE", "HELD FOR", "SNAPSHOTS"])
    table.rows = plan.members.map { member in
      let statement = statements.first { $0.member == member.name }
      return [
        member.name.text, member.node.text, statement?.steps.window.shortText ?? "-",
        statement?.snapshots.map { "\($0.containerPath) → \($0.handle)" }.listed ?? "-",
      ]
    }
    text += "\n" + table.text(empty: "the plan has no members") + "\n"
    text += authorities.map { "authority of fleet \(plan.fleet): \($0)\n" }.joined()
    text +=
      compared
      ? "this is the authority that --authority names\n"
      : """
      The file brings its own authority: compare the fingerprint with one that you know from elsewhere,
      for example from the ca.pem of an operator of the fleet:
        openssl x509 -in ca.pem -noout -fingerprint -sha256
      and then let --authority FINGERPRINT check it.

      """
    return text
  }
}

/// The same as a document.
package struct OfflineVerificationDocument: Codable, Sendable {
  package var backup: BackupID
  package var fleet: FleetID
  package var requires: Grade
  package var met: Bool
  package var verdict: Verdict
  package var recorded: Verdict?
  package var authorities: [String]
  package var authorityCompared: Bool

  package init(_ verification: OfflineVerification) {
    backup = verification.plan.backup
    fleet = verification.plan.fleet
    requires = verification.plan.requires
    met = verification.status == .done
    verdict = verification.verdict
    recorded = verification.recorded
    authorities = verification.authorities.map(\.description)
    authorityCompared = verification.compared
  }
}
