internal import CoordinatorCore
internal import CutProtocol
internal import Foundation
internal import KubernetesClient
internal import Model

/// Which snapshot each claim comes from, and the objects that lead from one to the other.
struct ClaimSources {
  private struct Source {
    var record: SnapshotRecord
    /// As the volume had it: a claim that asks for less than its snapshot has is refused.
    var capacity: JSONValue?
    var binding: NodeBinding?
  }

  private let job: ObjectRestoreJob
  private let sources: [ObjectKey: Source]

  /// A claim's volume is found by the persistent volume that names the claim, its snapshot by driver and handle.
  init(_ job: ObjectRestoreJob) throws(OperationError) {
    self.job = job
    var sources: [ObjectKey: Source] = [:]
    for manifest in job.manifests where manifest.resource == "persistentvolumes" {
      let volume = try RestoreItems.object(manifest)
      let claim = volume["spec", "claimRef"]
      guard let driver = volume["spec", "csi", "driver"]?.string,
        let handle = volume["spec", "csi", "volumeHandle"]?.string,
        let name = claim?["name"]?.string,
        let record = job.snapshots.first(where: {
          $0.volume.driver.text == driver && $0.volume.handle.text == handle
        })
      else { continue }
      sources[ObjectKey(namespace: claim?["namespace"]?.string, name: name)] = Source(
        record: record, capacity: volume["spec", "capacity", "storage"],
        binding: NodeBinding(of: volume, among: job.services))
    }
    self.sources = sources
  }

  /// The claim, behind the snapshot that it is made from.
  func items(for claim: RestoreItem, of manifest: BackupManifest) -> [RestoreItem] {
    var claim = claim
    if let name = claim.object["spec", "storageClassName"]?.string,
      let other = job.order.storageClasses[name]
    {
      claim.object["spec", "storageClassName"] = .string(other)
    }
    for field in ["dataSource", "dataSourceRef"] { claim.object["spec", field] = nil }
    let key = ObjectKey(namespace: manifest.namespace, name: manifest.name)
    guard let source = sources[key] else {
      let note = "comes back empty: the backup has no snapshot of its volume"
      claim.note = [note, claim.note].compactMap(\.self).joined(separator: "; ")
      return [claim]
    }
    let name = name(of: key)
    claim.object["spec", "dataSource"] = [
      "apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": .string(name),
    ]
    if let capacity = source.capacity {
      claim.object["spec", "resources", "requests", "storage"] = capacity
    }
    var note = "from snapshot \(source.record.handle)"
    if let node = source.binding?.node {
      claim.object.annotations[NodeBinding.claimAnnotation] = node.text
      note += ", on node \(node), which alone has it"
    }
    claim.note = [note, claim.note].compactMap(\.self).joined(separator: "; ")
    return [
      content(name, source, claim), snapshot(name, claim), claim,
    ]
  }

  /// The storage's snapshot, known to the cluster. It stays when the VolumeSnapshot goes: it is the backup's.
  private func content(_ name: String, _ source: Source, _ claim: RestoreItem) -> RestoreItem {
    let record = source.record
    var spec: JSONValue = [
      "deletionPolicy": "Retain", "driver": .string(record.volume.driver.text),
      "source": ["snapshotHandle": .string(record.handle.text)],
      "volumeSnapshotRef": [
        "apiVersion": "snapshot.storage.k8s.io/v1", "kind": "VolumeSnapshot",
        "name": .string(name), "namespace": .string(claim.key.namespace ?? ""),
      ],
    ]
    spec["sourceVolumeMode"] = claim.object["spec", "volumeMode"]
    let labels = source.binding.map { [NodeBinding.contentLabel: $0.node.text] }
    return RestoreItem(
      stage: .snapshots, type: .volumeSnapshotContents,
      object: KubernetesObject(
        .volumeSnapshotContents, name: name, labels: labels ?? [:],
        annotations: RestoreMark.of(job),
        fields: ["spec": spec]))
  }

  private func snapshot(_ name: String, _ claim: RestoreItem) -> RestoreItem {
    RestoreItem(
      stage: .snapshots, type: .volumeSnapshots,
      object: KubernetesObject(
        .volumeSnapshots, name: name, namespace: claim.key.namespace,
        annotations: RestoreMark.of(job),
        fields: ["spec": ["source": ["volumeSnapshotContentName": .string(name)]]]))
  }

  /// The same whenever this backup is restored there, and no other's.
  private func name(of claim: ObjectKey) -> String {
    let target = job.order.target(of: claim.namespace ?? "")
    return "stillpoint-\(StableHash.of(job.backup.text, target, claim.name))"
  }
}
