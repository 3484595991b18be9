/// What to back up together, how still it has to be, and for how long it may be held.
package struct BackupPlan: Hashable, Codable, Sendable {
  package var name: PlanName
  package var environment: Environment
  /// The grade below which a backup does not meet the plan.
  package var requires: Grade
  package var policy: CutPolicy
  package var freeze: FreezeLimits
  package var services: [PlannedService]
  /// Nil where the plan says nothing of it: then as `ManifestRules()` has it.
  package var manifests: ManifestRules?
  /// Nil where the plan leaves the classes to claims, agents and the cluster.
  package var snapshots: SnapshotRules?

  package init(
    name: PlanName, environment: Environment, requires: Grade, policy: CutPolicy,
    freeze: FreezeLimits, services: [PlannedService], manifests: ManifestRules? = nil,
    snapshots: SnapshotRules? = nil
  ) {
    self.name = name
    self.environment = environment
    self.requires = requires
    self.policy = policy
    self.freeze = freeze
    self.services = services
    self.manifests = manifests
    self.snapshots = snapshots
  }
}

/// Environments are kept and counted apart.
package enum Environment: String, CaseIterable, Hashable, Codable, Sendable {
  case development, test, staging, production
}

/// What a cut does when one member cannot take part.
package enum CutPolicy: String, CaseIterable, Hashable, Codable, Sendable {
  /// Every member or nothing.
  case strict
  /// Each connected component of the dependency graph is its own cut.
  case groups
  /// A failing member may be left out before the witness; the backup names it and why.
  case bestEffort = "best-effort"
}

/// The bounds of a hold.
package struct FreezeLimits: Hashable, Codable, Sendable {
  /// The longest window that prepare may predict.
  package var budget: Elapsed
  /// The longest a hold may last, whatever anybody sends.
  package var cap: Elapsed
  /// Whether to freeze by dependency level, callers first.
  package var drain: Bool

  package static let defaultBudget = Duration.seconds(2)
  package static let defaultCap = Duration.seconds(10)
  /// Nothing may be held longer than this, whatever a plan says.
  package static let longestCap = Duration.seconds(60)

  package init(
    budget: Duration = defaultBudget, cap: Duration = defaultCap, drain: Bool = false
  ) {
    self.budget = Elapsed(budget)
    self.cap = Elapsed(cap)
    self.drain = drain
  }
}

package struct PlannedService: Hashable, Codable, Sendable {
  package var name: ServiceName
  package var selector: PlacementSelector
  package var dependsOn: [ServiceName]
  /// Taken in this order, released in the reverse one.
  package var holds: [HoldSpec]
  package var volumes: VolumeSelection
  /// What a restore runs once the service runs again, in this order; nil stands for nothing.
  package var afterRestore: [RestoreHook]?

  package init(
    name: ServiceName, selector: PlacementSelector, dependsOn: [ServiceName], holds: [HoldSpec],
    volumes: VolumeSelection, afterRestore: [RestoreHook]? = nil
  ) {
    self.name = name
    self.selector = selector
    self.dependsOn = dependsOn
    self.holds = holds
    self.volumes = volumes
    self.afterRestore = afterRestore
  }
}

/// Which container is meant: everything that is given must match.
package struct PlacementSelector: Hashable, Codable, Sendable {
  package var labels: [String: String]
  package var namespace: String?
  package var container: String?
  package var node: NodeID?
  /// Kind and name of what the pod belongs to, for example `Deployment/orders`.
  package var owner: String?
  /// Labels of the pod's namespace; nil stands for none.
  package var namespaceLabels: [String: String]?

  package init(
    labels: [String: String], namespace: String? = nil, container: String? = nil,
    node: NodeID? = nil, owner: String? = nil, namespaceLabels: [String: String]? = nil
  ) {
    self.labels = labels
    self.namespace = namespace
    self.container = container
    self.node = node
    self.owner = owner
    self.namespaceLabels = namespaceLabels
  }

  package func matches(_ placement: Placement) -> Bool {
    matchesRuntime(placement) && matchesWorkload(placement.workload)
  }

  /// Whether only a cluster can tell that the placement is not the one that is meant, and none has told anything of it.
  package func isUndecided(_ placement: Placement) -> Bool {
    placement.workload == nil && !matchesWorkload(nil) && matchesRuntime(placement)
  }

  private func matchesWorkload(_ workload: Workload?) -> Bool {
    (owner.map { $0 == workload?.owner } ?? true)
      && (namespaceLabels ?? [:]).allSatisfy { workload?.namespaceLabels[$0.key] == $0.value }
  }

  private func matchesRuntime(_ placement: Placement) -> Bool {
    labels.allSatisfy { placement.labels[$0.key] == $0.value }
      && (namespace.map { $0 == placement.namespace } ?? true)
      && (container.map { $0 == placement.containerName } ?? true)
      && (node.map { $0 == placement.node } ?? true)
  }
}

package enum VolumeSelection: Hashable, Codable, Sendable {
  /// Every mount of the container that a CSI volume backs.
  case all
  /// Exactly these mount paths, as the container sees them.
  case paths([String])
  /// The service keeps nothing that has to be snapshotted.
  case none
}
