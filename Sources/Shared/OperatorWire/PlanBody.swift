package import CutProtocol
package import Model

/// A stored plan.
package struct PlanBody: Codable, Hashable, Sendable {
  /// The bounds of a hold, in the form that plan files use: `2s`, `500ms`.
  package struct Freeze: Codable, Hashable, Sendable {
    package var budget: String
    package var cap: String
    package var drain: Bool

    package init(budget: String, cap: String, drain: Bool) {
      self.budget = budget
      self.cap = cap
      self.drain = drain
    }
  }

  package var name: PlanName
  /// Counts from 1.
  package var revision: Int
  package var environment: Environment
  package var requires: Grade
  package var policy: CutPolicy
  package var freeze: Freeze
  package var services: [ServiceName]
  package var appliedAt: Timestamp
  package var appliedBy: String
  /// The text as it was applied.
  package var source: String

  package init(
    name: PlanName, revision: Int, environment: Environment, requires: Grade, policy: CutPolicy,
    freeze: Freeze, services: [ServiceName], appliedAt: Timestamp, appliedBy: String,
    source: String
  ) {
    self.name = name
    self.revision = revision
    self.environment = environment
    self.requires = requires
    self.policy = policy
    self.freeze = freeze
    self.services = services
    self.appliedAt = appliedAt
    self.appliedBy = appliedBy
    self.source = source
  }
}

/// What a rehearsal found: `GET /v1/plans/{name}/check`.
package struct PlanCheckBody: Codable, Hashable, Sendable {
  package struct Member: Codable, Hashable, Sendable {
    package var name: ServiceName
    package var node: NodeID
    package var container: ContainerID
    package var group: Int
    /// What holds it, in order.
    package var holds: [String]
    /// The paths whose volumes would be snapshotted, as the container sees them.
    package var volumes: [String]
    package var predictedQuiesceMilliseconds: Double?
    package var predictedSnapshotMilliseconds: Double?
    package var predictedWindowMilliseconds: Double?
    package var fidelity: Fidelity?
    package var remarks: [String]
    /// Why the member would not take part; absent when it would.
    package var refusal: Refusal?

    package init(
      name: ServiceName, node: NodeID, container: ContainerID, group: Int, holds: [String],
      volumes: [String], predictedQuiesceMilliseconds: Double?,
      predictedSnapshotMilliseconds: Double?, predictedWindowMilliseconds: Double?,
      fidelity: Fidelity?, remarks: [String], refusal: Refusal?
    ) {
      self.name = name
      self.node = node
      self.container = container
      self.group = group
      self.holds = holds
      self.volumes = volumes
      self.predictedQuiesceMilliseconds = predictedQuiesceMilliseconds
      self.predictedSnapshotMilliseconds = predictedSnapshotMilliseconds
      self.predictedWindowMilliseconds = predictedWindowMilliseconds
      self.fidelity = fidelity
      self.remarks = remarks
      self.refusal = refusal
    }
  }

  package var plan: PlanName
  package var requires: Grade
  /// The best grade that the settings found allow.
  package var attainable: Grade
  /// What keeps the plan from its grade, one sentence each.
  package var hazards: [String]
  package var members: [Member]

  package init(
    plan: PlanName, requires: Grade, attainable: Grade, hazards: [String], members: [Member]
  ) {
    self.plan = plan
    self.requires = requires
    self.attainable = attainable
    self.hazards = hazards
    self.members = members
  }

  /// Whether a cut now would earn what the plan requires, as far as a rehearsal can tell.
  package var passes: Bool { attainable >= requires && hazards.isEmpty }
}
