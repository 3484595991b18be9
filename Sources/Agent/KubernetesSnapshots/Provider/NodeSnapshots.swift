package import AgentCore
package import CutProtocol
package import Model
package import Snapshots

/// The snapshots of a node of a Kubernetes cluster: volumes of claims through the cluster's API, all others through the CSI drivers of the
/// node.
package struct NodeSnapshots: SnapshotProvider {
  package let direct: CSISnapshotProvider
  package let cluster: ClusterSnapshots

  package init(direct: CSISnapshotProvider, cluster: ClusterSnapshots) {
    self.direct = direct
    self.cluster = cluster
  }

  package func volume(at hostPath: String) async throws(Refusal) -> VolumeRef? {
    try await direct.volume(at: hostPath)
  }

  /// Without a cut nothing can be opened for it: the drivers of volumes without a claim are asked alone.
  package func prepare(_ volumes: [MemberVolume]) async throws(Refusal) -> Duration {
    try await direct.requireMounted(volumes)
    let others = try await cluster.sorted(volumes).others
    return others.isEmpty ? .zero : try await direct.prepare(others)
  }

  package func prepare(_ volumes: [MemberVolume], for cut: PlannedCut) async throws(Refusal)
    -> SnapshotReadiness
  {
    try await direct.requireMounted(volumes)
    let (claimed, others) = try await cluster.sorted(volumes + cut.forOthers)
    if let other = others.first(where: { cut.forOthers.contains($0) }) {
      throw Refusal(
        .hazard,
        "volume \(other.volume.handle) of another service is no claim's, and cannot be cut in one group "
          + "with those of \(cut.name.member)",
        hint: "leave spec.snapshots.acrossServices out of the plan")
    }
    var readiness = SnapshotReadiness(predicted: .zero)
    if !others.isEmpty {
      var own = cut
      own.forOthers = []
      readiness = try await direct.prepare(others, for: own)
    }
    readiness.copies = try CopiedVolumes.among(volumes + cut.entrusted)
    guard !claimed.isEmpty else { return readiness }
    let clustered = try await cluster.prepare(claimed, for: cut)
    return SnapshotReadiness(
      predicted: max(readiness.predicted, clustered.predicted),
      remarks: readiness.remarks + clustered.remarks, copies: readiness.copies)
  }

  package func discard(_ name: SnapshotName) async { await cluster.discard(name) }

  package func cut(
    _ volumes: [MemberVolume], name: SnapshotName, clock: @Sendable () -> Duration
  ) async throws(Refusal) -> [SnapshotRecord] {
    let claimed = cluster.volumes(of: name)
    let others = volumes.filter { !claimed.contains($0) }
    guard !claimed.isEmpty else {
      return try await direct.cut(volumes, name: name, clock: clock)
    }
    guard !others.isEmpty else { return try await cluster.cut(name, clock: clock) }
    // A node's own driver cuts within milliseconds, so it goes first: the cluster's time is hardly longer for it.
    var records = try await direct.cut(others, name: name, clock: clock)
    records += try await cluster.cut(name, clock: clock)
    return records.sorted { $0.containerPath < $1.containerPath }
  }

  package func delete(driver: DriverName, snapshot: SnapshotHandle, group: SnapshotHandle?)
    async throws(Refusal)
  {
    if try await cluster.delete(driver: driver, snapshot: snapshot, group: group) { return }
    // A driver that is not of this node had its snapshots from the cluster alone, which has none of them any more.
    guard direct.drivers.all[driver] != nil else { return }
    try await direct.delete(driver: driver, snapshot: snapshot, group: group)
  }

  package func presence(of snapshots: [SnapshotReference]) async -> [SnapshotPresence] {
    // A driver knows what its storage has. Where none of this node can tell, the cluster knows what it was told.
    var found = await direct.presence(of: snapshots)
    let open = found.indices.filter { !found[$0].isKnown }
    guard !open.isEmpty else { return found }
    for (place, presence) in zip(open, await cluster.presence(of: open.map { snapshots[$0] })) {
      // What a driver of this node may have taken itself, the cluster need not know.
      let isOwn = direct.drivers.all[snapshots[place].driver] != nil
      if presence == .there || !isOwn { found[place] = presence }
    }
    return found
  }

  package func deleteOrphans(_ volumes: [MemberVolume], name: SnapshotName)
    async throws(Refusal) -> Int
  {
    // Names find what the cluster has, whatever became of the claims since.
    let published = volumes.filter {
      KubeletDirectory.persistentVolume(publishedAt: $0.volume.publishedAt) != nil
    }
    var deleted = 0
    if !published.isEmpty { deleted += try await cluster.deleteOrphans(published, name: name) }
    let others = volumes.filter { volume in
      !published.contains(volume) || direct.drivers.all[volume.volume.driver] != nil
    }
    if !others.isEmpty { deleted += try await direct.deleteOrphans(others, name: name) }
    return deleted
  }

  package func restore(_ order: VolumeRestore) async throws(Refusal) -> VolumeRef {
    let source = order.source.volume
    let isClaimed = KubeletDirectory.persistentVolume(publishedAt: source.publishedAt) != nil
    guard isClaimed, direct.drivers.all[source.driver] == nil || order.place == .original else {
      return try await direct.restore(order)
    }
    throw Refusal(
      .hazard,
      "volume \(source.handle) belongs to a claim of the cluster, which a node cannot give another volume",
      hint:
        "restore it as a new claim: the coordinator makes one from the snapshot, in the same or "
        + "another namespace")
  }

  package func probe(_ order: DriverProbe) async throws(Refusal) -> ProbeFindings {
    guard direct.drivers.all[order.driver] != nil else {
      throw Refusal(
        .hazard,
        "driver \(order.driver) is reached through the cluster alone, and a trial needs the driver itself",
        hint: "add its socket to csiDrivers in this node's configuration for the time of the trial")
    }
    return try await direct.probe(order)
  }
}
