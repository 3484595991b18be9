package import CutProtocol
package import Model

package protocol PlanOperations: Sendable {
  /// Stores the plan. Everything in it that matches nothing now is an error that names it, and nothing is stored.
  func applyPlan(_ plan: BackupPlan, source: String, author: String) async throws(OperationError)
    -> PlanRecord
  func plans() async throws(OperationError) -> [PlanRecord]
  func plan(_ name: PlanName) async throws(OperationError) -> PlanRecord
  /// Rehearses: resolves, prepares every member without holding anything, and predicts window and grade.
  func checkPlan(_ name: PlanName) async throws(OperationError) -> PlanCheck
  /// Tries every CSI driver of the plan, on volumes that are made for it on the nodes and taken away again.
  func probePlan(_ name: PlanName, author: String) async throws(OperationError) -> PlanProbe
  func deletePlan(_ name: PlanName, author: String) async throws(OperationError)
}

/// What the trial of a plan's drivers found.
package struct PlanProbe: Hashable, Sendable {
  package struct Driver: Hashable, Sendable {
    package var node: NodeID
    package var findings: ProbeFindings

    package init(node: NodeID, findings: ProbeFindings) {
      self.node = node
      self.findings = findings
    }
  }

  package var probe: ProbeID
  package var drivers: [Driver]

  package init(probe: ProbeID, drivers: [Driver]) {
    self.probe = probe
    self.drivers = drivers
  }
}

/// What a rehearsal found.
package struct PlanCheck: Hashable, Sendable {
  package struct Member: Hashable, Sendable {
    package var plan: MemberPlan
    /// Nil when the member refused.
    package var preparation: Preparation?
    package var refusal: Refusal?
    package var predictedWindow: Duration?

    package init(
      plan: MemberPlan, preparation: Preparation?, refusal: Refusal?, predictedWindow: Duration?
    ) {
      self.plan = plan
      self.preparation = preparation
      self.refusal = refusal
      self.predictedWindow = predictedWindow
    }
  }

  package var members: [Member]
  /// The best grade that the settings found allow.
  package var attainable: Grade
  package var requires: Grade
  /// What keeps the plan from its grade, one sentence each; empty when nothing does.
  package var hazards: [String]

  package init(members: [Member], attainable: Grade, requires: Grade, hazards: [String]) {
    self.members = members
    self.attainable = attainable
    self.requires = requires
    self.hazards = hazards
  }
}
