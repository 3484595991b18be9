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

  /// Contents cannot be selected by handle: their pages are searched, behind whatever is more urgent.
  private func contents(of wanted: Set<SnapshotReference>) async throws(KubernetesError)
    -> [SnapshotReference: SnapshotPresence]
  {
    let patient = client.with(.inventory)
    var found: [SnapshotReference: SnapshotPresence] = [:]
    var next: String?
    repeat {
      let page = try await patient.page(.volumeSnapshotContents, next: next)
      for content in page.items {
        // A driver or a handle that is malformed is none of those that are looked for.
        guard let driver = content["spec", "driver"]?.string,
          let handle = content["status", "snapshotHandle"]?.string,
          let name = try? DriverName(driver), let snapshot = try? SnapshotHandle(handle)
        else { continue }
        let reference = SnapshotReference(driver: name, snapshot: snapshot)
        // Several contents can speak of one snapshot, which is there as long as one of them stays.
        guard wanted.contains(reference), found[reference] != .there else { continue }
        found[reference] =
          content.deletionTimestamp == nil
          ? .there : .unknown("VolumeSnapshotContent \(content.name) is being deleted")
      }
      next = page.next
    } while next != nil
    return found
  }
}
