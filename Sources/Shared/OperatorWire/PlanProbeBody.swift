package import CutProtocol
package import Model

/// What the trial of a plan's drivers found: `POST /v1/plans/{plan}/probe`.
package struct PlanProbeBody: Codable, Hashable, Sendable {
  package struct Driver: Codable, Hashable, Sendable {
    package var node: NodeID
    package var driver: DriverName
    /// The driver's own version; empty when it did not say.
    package var version: String
    package var outcome: ProbeFindings.Outcome
    package var checks: [ProbeFindings.Check]
    package var cutMilliseconds: [Double]
    /// Why what decides could not be tried.
    package var obstacle: String?
    /// What could not be taken away again.
    package var leftBehind: [String]

    package init(
      node: NodeID, driver: DriverName, version: String, outcome: ProbeFindings.Outcome,
      checks: [ProbeFindings.Check], cutMilliseconds: [Double], obstacle: String?,
      leftBehind: [String]
    ) {
      self.node = node
      self.driver = driver
      self.version = version
      self.outcome = outcome
      self.checks = checks
      self.cutMilliseconds = cutMilliseconds
      self.obstacle = obstacle
      self.leftBehind = leftBehind
    }
  }

  package var plan: PlanName
  package var probe: ProbeID
  package var drivers: [Driver]

  package init(plan: PlanName, probe: ProbeID, drivers: [Driver]) {
    self.plan = plan
    self.probe = probe
    self.drivers = drivers
  }

  /// Whether every driver was tried and keeps every rule.
  package var conforms: Bool { drivers.allSatisfy { $0.outcome == .conforms } }
}
