internal import CutProtocol
internal import KubernetesClient
internal import Model

/// The one node that reaches a volume, and with it the storage's snapshots of the volume.
///
/// Storage that lies in its nodes needs to be told it twice at a restore: a sidecar of each node looks after the snapshots with its
/// node's name alone, and the scheduler, which knows nothing of where a snapshot lies, would choose any node for the pod.
struct NodeBinding: Hashable {
  /// What a snapshot controller puts on contents where each node has a sidecar of its own (`--node-deployment`).
  static let contentLabel = "snapshot.storage.kubernetes.io/managed-by"
  /// On a claim: where its volume is to be provisioned, and so where its pod is scheduled.
  static let claimAnnotation = "volume.kubernetes.io/selected-node"

  let node: NodeID

  /// Nil for a volume that more than one node may reach: one of a zone, or without any affinity.
  ///
  /// Drivers name the topology's key as they like; its value, where it tells nodes apart, is the node's name. So the volume is a
  /// node's where its affinity allows nothing but the name of the node on which a member had it.
  init?(of volume: KubernetesObject, among members: [MemberPlan]) {
    guard let driver = volume["spec", "csi", "driver"]?.string,
      let handle = volume["spec", "csi", "volumeHandle"]?.string,
      let terms = volume["spec", "nodeAffinity", "required", "nodeSelectorTerms"]?.array,
      let term = terms.first, terms.count == 1
    else { return nil }
    let requirements = ["matchExpressions", "matchFields"].flatMap { term[$0]?.array ?? [] }
    let only = requirements.compactMap { requirement -> String? in
      guard requirement["operator"]?.string == "In",
        let values = requirement["values"]?.array, values.count == 1
      else { return nil }
      return values[0].string
    }
    let users = members.filter { member in
      member.volumes.contains {
        $0.volume.driver.text == driver && $0.volume.handle.text == handle
      }
    }
    guard let user = users.first(where: { only.contains($0.node.text) }) else { return nil }
    node = user.node
  }
}
