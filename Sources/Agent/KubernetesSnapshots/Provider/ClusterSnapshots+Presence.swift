internal import CutProtocol
internal import KubernetesClient
internal import Model

extension ClusterSnapshots {
  /// Whether the cluster has contents with these handles. It does not ask the storage behind them.
  func presence(of snapshots: [SnapshotReference]) async -> [SnapshotPresence] {
    do throws(KubernetesError) {
      let found = try await contents(of: Set(snapshots))
      return snapshots.map { found[$0] ?? .missing }
    } catch {
      let refusal = Refusal(error, during: "looking for snapshots")
      return snapshots.map { _ in .unknown(refusal.message) }
    }
  }

  private func contents(of wanted: Set<SnapshotReference>) async throws(KubernetesError)
    -> [SnapshotReference: SnapshotPresence]
  {
    var found: [SnapshotReference: SnapshotPresence] = [:]
    _ = try await find(.volumeSnapshotContents) { content in
      // A driver or a handle that is malformed is none of those that are looked for.
      guard let driver = content["spec", "driver"]?.string,
        let handle = content["status", "snapshotHandle"]?.string,
        let name = try? DriverName(driver), let snapshot = try? SnapshotHandle(handle)
      else { return false }
      let reference = SnapshotReference(driver: name, snapshot: snapshot)
      guard wanted.contains(reference), found[reference] != .there else { return false }
      found[reference] = presence(in: content)
      return false
    }
    return found
  }

  private func presence(in content: KubernetesObject) -> SnapshotPresence {
    // Contents of a group's members are made from their handles too, by the controller.
    let isOfGroup = content["status", "volumeGroupSnapshotHandle"] != nil
    if content["spec", "source", "snapshotHandle"] != nil, !isOfGroup {
      return .unknown("only \(content.name) is left of it, a content that was made from its handle")
    }
    guard content.deletionTimestamp == nil else {
      return .unknown("VolumeSnapshotContent \(content.name) is being deleted")
    }
    return .there
  }
}
