package import Model

/// What the evidence proves about a backup, with the sentence that says why.
package struct Verdict: Hashable, Codable, Sendable {
  package var grade: Grade
  /// The members were frozen by dependency level, callers first, and all of them with full fidelity.
  package var drained: Bool
  /// Names member, phase and event that decide the grade.
  package var sentence: String
  /// One finding per member that lowers the grade.
  package var findings: [MemberFinding]

  package init(grade: Grade, drained: Bool, sentence: String, findings: [MemberFinding] = []) {
    self.grade = grade
    self.drained = drained
    self.sentence = sentence
    self.findings = findings
  }
}

package struct MemberFinding: Hashable, Codable, Sendable {
  package var member: ServiceName
  /// What this member alone still proves.
  package var grade: Grade
  package var finding: String

  package init(member: ServiceName, grade: Grade, finding: String) {
    self.member = member
    self.grade = grade
    self.finding = finding
  }
}

/// A member that a best-effort cut went on without.
package struct LeftOut: Hashable, Codable, Sendable {
  package var member: ServiceName
  package var reason: String

  package init(member: ServiceName, reason: String) {
    self.member = member
    self.reason = reason
  }
}
