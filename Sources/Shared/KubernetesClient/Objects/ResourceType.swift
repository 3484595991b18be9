/// One kind of object in one version, and the path that an API server serves it at.
package struct ResourceType: Hashable, Sendable, CustomStringConvertible {
  /// Empty for the core group.
  package var group: String
  package var version: String
  /// For example `VolumeSnapshot`.
  package var kind: String
  /// For example `volumesnapshots`.
  package var plural: String
  package var namespaced: Bool

  package init(group: String, version: String, kind: String, plural: String, namespaced: Bool) {
    self.group = group
    self.version = version
    self.kind = kind
    self.plural = plural
    self.namespaced = namespaced
  }

  /// `v1` or `apps/v1`, as an object's field `apiVersion` has it.
  package var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

  /// `pods` or `deployments.apps`, as users know it.
  package var description: String { group.isEmpty ? plural : "\(plural).\(group)" }

  /// The segments of the path of an object, of a collection without a name, of a subresource with one.
  ///
  /// A nil `namespace` of a namespaced type means all of them, which only a collection can.
  func path(_ name: String? = nil, namespace: String?, subresource: String? = nil) -> [String] {
    var path = group.isEmpty ? ["api", version] : ["apis", group, version]
    if namespaced, let namespace { path += ["namespaces", namespace] }
    path.append(plural)
    if let name { path.append(name) }
    if let subresource { path.append(subresource) }
    return path
  }
}

extension ResourceType {
  /// A type of the core group in version `v1`.
  package static func core(_ kind: String, _ plural: String, namespaced: Bool = true)
    -> ResourceType
  {
    ResourceType(group: "", version: "v1", kind: kind, plural: plural, namespaced: namespaced)
  }

  package static let namespaces = core("Namespace", "namespaces", namespaced: false)
  package static let nodes = core("Node", "nodes", namespaced: false)
  package static let pods = core("Pod", "pods")
  package static let configMaps = core("ConfigMap", "configmaps")
  package static let secrets = core("Secret", "secrets")
  package static let services = core("Service", "services")
  package static let events = core("Event", "events")
  package static let serviceAccounts = core("ServiceAccount", "serviceaccounts")
  package static let persistentVolumeClaims = core(
    "PersistentVolumeClaim", "persistentvolumeclaims")
  package static let persistentVolumes = core(
    "PersistentVolume", "persistentvolumes", namespaced: false)

  package static let deployments = ResourceType(
    group: "apps", version: "v1", kind: "Deployment", plural: "deployments", namespaced: true)
  package static let replicaSets = ResourceType(
    group: "apps", version: "v1", kind: "ReplicaSet", plural: "replicasets", namespaced: true)
  package static let statefulSets = ResourceType(
    group: "apps", version: "v1", kind: "StatefulSet", plural: "statefulsets", namespaced: true)
  package static let daemonSets = ResourceType(
    group: "apps", version: "v1", kind: "DaemonSet", plural: "daemonsets", namespaced: true)
  package static let jobs = ResourceType(
    group: "batch", version: "v1", kind: "Job", plural: "jobs", namespaced: true)
  package static let cronJobs = ResourceType(
    group: "batch", version: "v1", kind: "CronJob", plural: "cronjobs", namespaced: true)
  package static let leases = ResourceType(
    group: "coordination.k8s.io", version: "v1", kind: "Lease", plural: "leases", namespaced: true)
  package static let storageClasses = ResourceType(
    group: "storage.k8s.io", version: "v1", kind: "StorageClass", plural: "storageclasses",
    namespaced: false)
  package static let csiDrivers = ResourceType(
    group: "storage.k8s.io", version: "v1", kind: "CSIDriver", plural: "csidrivers",
    namespaced: false)
  package static let customResourceDefinitions = ResourceType(
    group: "apiextensions.k8s.io", version: "v1", kind: "CustomResourceDefinition",
    plural: "customresourcedefinitions", namespaced: false)
  package static let selfSubjectAccessReviews = ResourceType(
    group: "authorization.k8s.io", version: "v1", kind: "SelfSubjectAccessReview",
    plural: "selfsubjectaccessreviews", namespaced: false)
  package static let tokenReviews = ResourceType(
    group: "authentication.k8s.io", version: "v1", kind: "TokenReview", plural: "tokenreviews",
    namespaced: false)

  package static let volumeSnapshots = ResourceType(
    group: "snapshot.storage.k8s.io", version: "v1", kind: "VolumeSnapshot",
    plural: "volumesnapshots", namespaced: true)
  package static let volumeSnapshotContents = ResourceType(
    group: "snapshot.storage.k8s.io", version: "v1", kind: "VolumeSnapshotContent",
    plural: "volumesnapshotcontents", namespaced: false)
  package static let volumeSnapshotClasses = ResourceType(
    group: "snapshot.storage.k8s.io", version: "v1", kind: "VolumeSnapshotClass",
    plural: "volumesnapshotclasses", namespaced: false)
}
