internal import CoordinatorCore
internal import KubernetesClient

/// The order in which objects come back: each needs at most what is before it.
enum RestoreStage: Int, Comparable, CaseIterable {
  case namespaces
  case definitions
  case storage
  case configuration
  case snapshots
  case claims
  case networking
  case custom
  /// Scaled to zero.
  case workloads
  /// What cannot be scaled, with the service that it belongs to; and every workload to its number again.
  case start
  case scheduled

  var name: String { String(describing: self) }

  static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

  /// Nil for what tells about other objects and is not restored.
  init?(_ manifest: BackupManifest) {
    guard !manifest.isFact else { return nil }
    switch manifest.resource {
    case "namespaces": self = .namespaces
    case "customresourcedefinitions.apiextensions.k8s.io": self = .definitions
    case "storageclasses.storage.k8s.io": self = .storage
    case "persistentvolumeclaims": self = .claims
    case "services", "ingresses.networking.k8s.io": self = .networking
    case "deployments.apps", "statefulsets.apps", "replicasets.apps", "replicationcontrollers":
      self = .workloads
    case "daemonsets.apps", "pods": self = .start
    case "cronjobs.batch", "jobs.batch": self = .scheduled
    default:
      let group = manifest.resource.split(separator: ".", maxSplits: 1).dropFirst().first ?? ""
      self = KindChoice.isBuiltIn(String(group)) ? .configuration : .custom
    }
  }

  /// Among the objects of one stage: accounts before the rights that name them, roles before their bindings.
  static func rank(_ resource: String) -> Int {
    let order = [
      "serviceaccounts", "secrets", "configmaps", "roles.rbac.authorization.k8s.io",
      "rolebindings.rbac.authorization.k8s.io",
    ]
    return order.firstIndex(of: resource) ?? order.count
  }
}
