package import KubernetesClient

/// A kind of object that the test server serves, in all its versions.
package struct ServedType: Hashable, Sendable {
  package var group: String
  package var kind: String
  package var plural: String
  package var namespaced: Bool
  /// The preferred one first. Objects are the same in each but for `apiVersion`.
  package var versions: [String]
  package var shortNames: [String] = []
  package var hasStatus = false
  package var hasScale = false
  /// Counts `metadata.generation` up when the spec changes.
  package var hasGeneration = false
  /// Of a CustomResourceDefinition: fields that are not in it are dropped.
  package var schema: JSONValue?
  /// Beyond `metadata.name` and `metadata.namespace`.
  package var selectableFields: Set<String> = []

  package init(_ type: ResourceType, versions: [String]? = nil) {
    group = type.group
    kind = type.kind
    plural = type.plural
    namespaced = type.namespaced
    self.versions = versions ?? [type.version]
  }

  /// `leases.coordination.k8s.io`, as error messages have it.
  var qualifiedPlural: String { group.isEmpty ? plural : "\(plural).\(group)" }
  var qualifiedKind: String { group.isEmpty ? kind : "\(kind).\(group)" }

  func apiVersion(_ version: String) -> String { group.isEmpty ? version : "\(group)/\(version)" }

  var key: TypeKey { TypeKey(group: group, plural: plural) }
}

/// What objects are stored under, whatever version they were written in.
package struct TypeKey: Hashable, Sendable {
  package var group: String
  package var plural: String

  package init(group: String, plural: String) {
    self.group = group
    self.plural = plural
  }

  package init(_ type: ResourceType) { self.init(group: type.group, plural: type.plural) }
}

extension ServedType {
  /// What a cluster has without any CustomResourceDefinition.
  package static let builtIn: [ServedType] = {
    var pods = ServedType(.pods)
    pods.hasStatus = true
    pods.shortNames = ["po"]
    pods.selectableFields = ["spec.nodeName", "status.phase", "spec.serviceAccountName"]
    var namespaces = ServedType(.namespaces)
    namespaces.hasStatus = true
    namespaces.shortNames = ["ns"]
    namespaces.selectableFields = ["status.phase"]
    var claims = ServedType(.persistentVolumeClaims)
    claims.hasStatus = true
    claims.shortNames = ["pvc"]
    var volumes = ServedType(.persistentVolumes)
    volumes.hasStatus = true
    volumes.shortNames = ["pv"]
    var nodes = ServedType(.nodes)
    nodes.hasStatus = true
    let workloads = [ResourceType.deployments, .statefulSets, .replicaSets, .daemonSets, .jobs]
      .map { type in
        var served = ServedType(type)
        served.hasStatus = true
        served.hasGeneration = true
        served.hasScale = type != .daemonSets && type != .jobs
        return served
      }
    let plain: [ResourceType] = [
      .configMaps, .secrets, .services, .events, .serviceAccounts, .cronJobs, .leases,
      .storageClasses, .csiDrivers,
      ResourceType(
        group: "rbac.authorization.k8s.io", version: "v1", kind: "Role", plural: "roles",
        namespaced: true),
      ResourceType(
        group: "rbac.authorization.k8s.io", version: "v1", kind: "RoleBinding",
        plural: "rolebindings", namespaced: true),
    ]
    var definitions = ServedType(.customResourceDefinitions)
    definitions.hasStatus = true
    definitions.hasGeneration = true
    return [pods, namespaces, claims, volumes, nodes, definitions] + workloads
      + plain.map { ServedType($0) }
  }()

  /// The types of external-snapshotter, for a cluster that has its definitions.
  package static let snapshots: [ServedType] = {
    func type(
      _ group: String, _ kind: String, _ plural: String, _ namespaced: Bool, _ versions: [String]
    )
      -> ServedType
    {
      var served = ServedType(
        ResourceType(
          group: group, version: versions[0], kind: kind, plural: plural, namespaced: namespaced),
        versions: versions)
      served.hasStatus = !kind.hasSuffix("Class")
      served.hasGeneration = true
      return served
    }
    let one = "snapshot.storage.k8s.io"
    let many = "groupsnapshot.storage.k8s.io"
    let versions = ["v1", "v1beta2", "v1beta1"]
    return [
      type(one, "VolumeSnapshot", "volumesnapshots", true, ["v1"]),
      type(one, "VolumeSnapshotContent", "volumesnapshotcontents", false, ["v1"]),
      type(one, "VolumeSnapshotClass", "volumesnapshotclasses", false, ["v1"]),
      type(many, "VolumeGroupSnapshot", "volumegroupsnapshots", true, versions),
      type(many, "VolumeGroupSnapshotContent", "volumegroupsnapshotcontents", false, versions),
      type(many, "VolumeGroupSnapshotClass", "volumegroupsnapshotclasses", false, versions),
    ]
  }()
}
