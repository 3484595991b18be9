package import CoordinatorCore
package import Model

/// Everything that the API offers, as the core carries it out.
package struct Operations: Sendable {
  package var fleet: any FleetOperations
  package var plans: any PlanOperations
  package var backups: any BackupOperations
  package var restores: any RestoreOperations
  package var agents: any AgentOperations
  /// Reads the text of a plan; `invalid` names line and key of what is wrong.
  package var parsePlan: @Sendable (String) throws(OperationError) -> BackupPlan
  /// The size of the catalog's files in bytes, for metrics; nil when it is not known.
  package var catalogBytes: @Sendable () async -> Int64?

  package init(
    fleet: any FleetOperations, plans: any PlanOperations, backups: any BackupOperations,
    restores: any RestoreOperations, agents: any AgentOperations,
    parsePlan: @escaping @Sendable (String) throws(OperationError) -> BackupPlan,
    catalogBytes: @escaping @Sendable () async -> Int64?
  ) {
    self.fleet = fleet
    self.plans = plans
    self.backups = backups
    self.restores = restores
    self.agents = agents
    self.parsePlan = parsePlan
    self.catalogBytes = catalogBytes
  }
}
