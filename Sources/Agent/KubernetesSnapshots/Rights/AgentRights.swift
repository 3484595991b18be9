internal import CutProtocol
package import KubernetesClient

/// What an agent may do in its cluster, and needs to.
package enum AgentRights {
  /// One right, on all namespaces.
  package struct Right: Hashable, Sendable, CustomStringConvertible {
    package var verb: String
    package var type: ResourceType
    /// What does not work without it.
    package var purpose: String

    package var description: String { "\(verb) \(type): \(purpose)" }
  }

  /// Everything that an agent asks of an API server.
  package static func needed(groups version: String?) -> [Right] {
    var rights = [
      Right(verb: "get", type: .persistentVolumes, purpose: "to find the claim of a volume"),
      Right(verb: "get", type: .persistentVolumeClaims, purpose: "to check a claim before its cut"),
    ]
    let watched = "to see that a claim is cut"
    let deleted = "to delete what a cut has left, and backups"
    for verb in ["create", "get", "list", "watch", "delete"] {
      let purpose = verb == "create" ? "to cut a claim" : verb == "delete" ? deleted : watched
      rights.append(Right(verb: verb, type: .volumeSnapshots, purpose: purpose))
    }
    for verb in ["get", "list", "watch"] {
      rights.append(Right(verb: verb, type: .volumeSnapshotContents, purpose: watched))
    }
    for verb in ["patch", "delete"] {
      rights.append(
        Right(
          verb: verb, type: .volumeSnapshotContents,
          purpose: "to delete backups whose class says Retain"))
    }
    rights.append(
      Right(verb: "list", type: .volumeSnapshotClasses, purpose: "to choose a driver's class"))
    guard let version else { return rights }
    let groups = SnapshotTypes.Groups(version: version)
    rights.append(
      Right(
        verb: "patch", type: .persistentVolumeClaims,
        purpose: "to label the claims of a group while it is cut"))
    for verb in ["create", "get", "list", "watch", "delete"] {
      rights.append(
        Right(
          verb: verb, type: groups.snapshots,
          purpose: verb == "delete" ? deleted : "to cut claims together"))
    }
    for verb in ["get", "list", "watch", "patch", "delete"] {
      rights.append(Right(verb: verb, type: groups.contents, purpose: "to cut claims together"))
    }
    rights.append(
      Right(verb: "list", type: groups.classes, purpose: "to choose a driver's group class"))
    return rights
  }
}

extension ClusterSnapshots {
  /// The rights that these credentials lack, each with what does not work without it.
  package func missingRights() async throws(KubernetesError) -> [AgentRights.Right] {
    let groups = try await SnapshotTypes.groups(client)
    var missing: [AgentRights.Right] = []
    for right in AgentRights.needed(groups: groups?.version) {
      let review = try await client.mayI(right.verb, right.type)
      if !review.isAllowed { missing.append(right) }
    }
    return missing
  }
}
