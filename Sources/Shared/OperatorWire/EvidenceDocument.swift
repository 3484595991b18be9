package import CutProtocol
internal import Foundation
package import Model

/// A backup's evidence as it is exported: what proves, and the same in readable form beside it.
///
/// Verification reads only what proves; the readable part is derived from it and believed by nobody.
package struct EvidenceDocument: Codable, Hashable, Sendable {
  package struct Readable: Codable, Hashable, Sendable {
    package var plan: CutPlan
    package var statements: [HoldStatement]
    /// How long each member was held, in the order of the statements.
    package var windows: [MemberWindow]
    /// The longest of them, which is the backup's; absent without a certificate.
    package var window: BackupBody.Window?

    package init(plan: CutPlan, statements: [HoldStatement]) {
      self.plan = plan
      self.statements = statements
      windows = statements.map { MemberWindow($0) }
      window = BackupBody.Window(windows.map { ($0.member, $0.milliseconds) })
    }
  }

  /// One member's window with its parts, in milliseconds.
  package struct MemberWindow: Codable, Hashable, Sendable {
    package var member: ServiceName
    /// From the first quiesce to the end of the thaw.
    package var milliseconds: Double
    package var quiesceMilliseconds: Double
    /// With every hold in force.
    package var heldMilliseconds: Double
    package var thawMilliseconds: Double

    init(_ statement: HoldStatement) {
      let steps = statement.steps
      member = statement.member
      milliseconds = steps.window.inMilliseconds
      quiesceMilliseconds = (steps.held.duration - steps.quiesceBegan.duration).inMilliseconds
      heldMilliseconds = (steps.thawBegan.duration - steps.held.duration).inMilliseconds
      thawMilliseconds = (steps.thawEnded.duration - steps.thawBegan.duration).inMilliseconds
    }
  }

  package var evidence: BackupEvidence
  package var readable: Readable?

  /// Adds the readable part. Throws what decoding says of bytes that are no plan or no statement.
  package init(_ evidence: BackupEvidence) throws {
    self.evidence = evidence
    self.readable = Readable(
      plan: try SealedPlan(bytes: evidence.plan).plan,
      statements: try evidence.groups.flatMap(\.certificates).map { try $0.decoded() })
  }

  private enum CodingKeys: String, CodingKey { case readable }

  /// The evidence's own keys stay at the top level, so that a reader of `BackupEvidence` reads this too.
  package init(from decoder: any Decoder) throws {
    evidence = try BackupEvidence(from: decoder)
    // A readable part of another version must not keep the evidence from being read.
    readable = try? decoder.container(keyedBy: CodingKeys.self)
      .decodeIfPresent(Readable.self, forKey: .readable)
  }

  package func encode(to encoder: any Encoder) throws {
    try evidence.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encodeIfPresent(readable, forKey: .readable)
  }

  /// The text that is exported: keys sorted, one per line.
  package func text() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
  }
}
