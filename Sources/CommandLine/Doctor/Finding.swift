/// One thing that was looked at before an installation, and what to do about it.
package struct Finding: Hashable, Codable, Sendable {
  /// How much it is in the way, the worst last.
  package enum Verdict: String, CaseIterable, Hashable, Codable, Sendable {
    /// As it should be.
    case good
    /// Worth knowing; nothing has to be done.
    case note
    /// Something will not work, or could not be looked at.
    case warning
    /// Stillpoint does not work without it.
    case missing
  }

  /// What was looked at, the same word in every version, for example `snapshot-types`.
  package var check: String
  package var verdict: Verdict
  /// What was found.
  package var text: String
  /// What to do next; nil where nothing is to be done.
  package var advice: String?

  package init(_ check: String, _ verdict: Verdict, _ text: String, advice: String? = nil) {
    self.check = check
    self.verdict = verdict
    self.text = text
    self.advice = advice
  }
}

/// Everything that was found.
package struct Examination: Hashable, Codable, Sendable {
  package var findings: [Finding]
  /// Whether nothing is missing; warnings are no hindrance.
  package var canInstall: Bool

  package init(_ findings: [Finding]) {
    self.findings = findings
    canInstall = !findings.contains { $0.verdict == .missing }
  }

  package func count(_ verdict: Finding.Verdict) -> Int {
    findings.count { $0.verdict == verdict }
  }
}
