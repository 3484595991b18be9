internal import CutProtocol
internal import KubernetesClient

/// The types of snapshots that an API server serves.
struct SnapshotTypes: Hashable, Sendable {
  /// The types of group snapshots, all in one version.
  struct Groups: Hashable, Sendable {
    var version: String

    var snapshots: ResourceType { type("VolumeGroupSnapshot", namespaced: true) }
    var contents: ResourceType { type("VolumeGroupSnapshotContent", namespaced: false) }
    var classes: ResourceType { type("VolumeGroupSnapshotClass", namespaced: false) }

    private func type(_ kind: String, namespaced: Bool) -> ResourceType {
      let plural = kind.lowercased() + (kind.hasSuffix("Class") ? "es" : "s")
      return ResourceType(
        group: SnapshotTypes.groupGroup, version: version, kind: kind, plural: plural,
        namespaced: namespaced)
    }
  }

  static let groupGroup = "groupsnapshot.storage.k8s.io"
  /// Newest first.
  private static let groupVersions = ["v1", "v1beta2", "v1beta1"]

  /// Nil where group snapshots are not served.
  var groups: Groups?

  /// Asks the API server. Refuses one without snapshots.
  static func discover(_ client: KubernetesClient) async throws(Refusal) -> SnapshotTypes {
    do throws(KubernetesError) {
      let snapshots = ResourceType.volumeSnapshots
      guard try await client.versions(ofGroup: snapshots.group).contains(snapshots.version) else {
        throw KubernetesError(.configuration, "\(snapshots.apiVersion) is not served")
      }
      return SnapshotTypes(groups: try await groups(client))
    } catch {
      guard error.code == .configuration else {
        throw Refusal(error, during: "asking which snapshots the cluster serves")
      }
      throw Refusal(
        .hazard, "the cluster has no volume snapshots: \(error.message)",
        hint: "install the CustomResourceDefinitions and the snapshot-controller of "
          + "kubernetes-csi/external-snapshotter")
    }
  }

  /// The newest version of group snapshots that is served.
  static func groups(_ client: KubernetesClient) async throws(KubernetesError) -> Groups? {
    let served = try await client.versions(ofGroup: groupGroup)
    return groupVersions.first { served.contains($0) }.map { Groups(version: $0) }
  }
}
