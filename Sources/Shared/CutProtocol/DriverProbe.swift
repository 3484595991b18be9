package import Model

/// A trial of one CSI driver of a node, on volumes that are made for it and taken away again.
package struct DriverProbe: Hashable, Sendable {
  /// Names everything that the trial makes; asked for again, it is the same trial.
  package var probe: ProbeID
  package var driver: DriverName

  package init(probe: ProbeID, driver: DriverName) {
    self.probe = probe
    self.driver = driver
  }
}

/// One trial of drivers.
package struct ProbeID: DNSName {
  package static let kind = "probe ID"
  package let text: String
  package init(accepted text: String) { self.text = text }
}

/// What a trial of a driver found.
package struct ProbeFindings: Hashable, Codable, Sendable {
  package enum Outcome: String, CaseIterable, Hashable, Codable, Sendable {
    /// Every rule that was tried is kept.
    case conforms
    case violates
    /// What decides cannot be tried with this driver; `obstacle` says why.
    case notProbed = "not-probed"
  }

  /// What a cut needs of a driver. The order is the one in which they are shown.
  package enum Rule: String, CaseIterable, Hashable, Codable, Sendable {
    /// What was durable before the request is in the snapshot.
    case earlierWrite = "earlier-write-present"
    /// What was written after the answer is not in it: the driver cut before it answered.
    case laterWrite = "later-write-absent"
    /// The same name asked for once more gives the same snapshot, not cut anew.
    case repeatedName = "repeated-name-same-cut"
    /// A snapshot is listed until it is deleted, and not after.
    case listed = "listed-until-deleted"
    /// One call cuts several volumes, all of them before it answers.
    case group = "group-cuts-before-answer"
  }

  package struct Check: Hashable, Codable, Sendable {
    package var rule: Rule
    /// Nil when it could not be tried.
    package var kept: Bool?
    /// What was seen, or why it was not tried.
    package var detail: String

    package init(_ rule: Rule, kept: Bool?, detail: String) {
      self.rule = rule
      self.kept = kept
      self.detail = detail
    }
  }

  package var driver: DriverName
  /// The driver's own version; empty when it did not say.
  package var version: String
  package var checks: [Check]
  /// How long each CreateSnapshot took from the request to its answer.
  package var cuts: [Elapsed]
  /// Why what decides could not be tried.
  package var obstacle: String?
  /// What could not be taken away again, one sentence each.
  package var leftBehind: [String]

  package init(
    driver: DriverName, version: String, checks: [Check] = [], cuts: [Elapsed] = [],
    obstacle: String? = nil, leftBehind: [String] = []
  ) {
    self.driver = driver
    self.version = version
    self.checks = checks
    self.cuts = cuts
    self.obstacle = obstacle
    self.leftBehind = leftBehind
  }

  package var outcome: Outcome {
    if checks.contains(where: { $0.kept == false }) { return .violates }
    let decided = checks.contains { $0.rule == .laterWrite && $0.kept == true }
    return obstacle == nil && decided ? .conforms : .notProbed
  }
}
