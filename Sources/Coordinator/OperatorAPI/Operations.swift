package import CoordinatorCore

/// Everything that the API offers, as the core carries it out.
package struct Operations: Sendable {
  package var fleet: any FleetOperations
  package var plans: any PlanOperations
  package var backups: any BackupOperations
  package var manifests: any ManifestOperations
  package var restores: any RestoreOperations
  package var agents: any AgentOperations
  package var operators: any OperatorOperations
  /// The size of the catalog's files in bytes, for metrics; nil when it is not known.
  package var catalogBytes: @Sendable () async -> Int64?

  package init(
    fleet: any FleetOperations, plans: any PlanOperations, backups: any BackupOperations,
    manifests: any ManifestOperations, restores: any RestoreOperations, agents: any AgentOperations,
    operators: any OperatorOperations,
    catalogBytes: @escaping @Sendable () async -> Int64?
  ) {
    self.fleet = fleet
    self.plans = plans
    self.backups = backups
    self.manifests = manifests
    self.restores = restores
    self.agents = agents
    self.operators = operators
    self.catalogBytes = catalogBytes
  }
}
