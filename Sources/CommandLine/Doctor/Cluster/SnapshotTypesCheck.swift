internal import KubernetesClient

/// The definitions of external-snapshotter: without them nothing can be snapshotted through the API.
enum SnapshotTypesCheck {
  private static let apply =
    "kubectl apply -k 'https://github.com/kubernetes-csi/external-snapshotter/client/config/crd?ref=v8.6.0'"
  /// What an agent speaks, the newest first.
  private static let groupVersions = ["v1", "v1beta2", "v1beta1"]

  static func findings(_ facts: ClusterFacts) -> [Finding] {
    [single(facts.directory), group(facts.directory)]
  }

  private static func single(_ directory: APIDirectory) -> Finding {
    let kinds = ["VolumeSnapshot", "VolumeSnapshotContent", "VolumeSnapshotClass"]
    let lacking = kinds.filter { kind in
      !directory.versions(ofKind: kind, group: ClusterFacts.snapshotGroup)
        .contains { $0.type.version == "v1" }
    }
    guard !lacking.isEmpty else {
      return Finding("snapshot-types", .good, "VolumeSnapshot and its kin are served as v1")
    }
    return Finding(
      "snapshot-types", .missing,
      "\(lacking.joined(separator: ", ")) of \(ClusterFacts.snapshotGroup)/v1 is not known to the cluster",
      advice: apply)
  }

  private static func group(_ directory: APIDirectory) -> Finding {
    let served = directory.versions(
      ofKind: "VolumeGroupSnapshot", group: ClusterFacts.groupSnapshotGroup
    ).map(\.type.version)
    let check = "group-snapshot-types"
    guard !served.isEmpty else {
      return Finding(
        check, .note,
        "the cluster knows no VolumeGroupSnapshot: each claim gets a snapshot of its own, which is as consistent, and asks the "
          + "snapshot-controller for more")
    }
    guard let used = groupVersions.first(where: served.contains) else {
      return Finding(
        check, .warning,
        "VolumeGroupSnapshot is served as \(served.joined(separator: ", ")), of which agents speak none "
          + "(\(groupVersions.joined(separator: ", "))): claims get snapshots of their own",
        advice: apply)
    }
    return Finding(
      check, .good,
      "VolumeGroupSnapshot is served as \(served.joined(separator: ", ")); agents use \(used)")
  }
}
