import CSIWire
import CutProtocol
import Foundation
import Model
import OperatorFakes
import SwiftProtobuf

@testable import LocalStorage
@testable import Snapshots

extension FuzzTarget {
  /// What a CSI driver answers, and the description of a volume beside its mount.
  static let storageAnswer = FuzzTarget(
    name: "storage-answer", words: ["vol-1", "driverName", "volumeHandle", "snap-1"],
    seeds: {
      let snapshot = Csi_V1_Snapshot.with {
        $0.snapshotID = "snap-1"
        $0.sourceVolumeID = "vol-1"
        $0.sizeBytes = 1 << 30
        $0.creationTime = .with {
          $0.seconds = 1_772_600_767
          $0.nanos = 5
        }
      }
      let volume = Csi_V1_Volume.with {
        $0.volumeID = "vol-1"
        $0.capacityBytes = 1 << 30
        $0.volumeContext = ["fsType": "ext4"]
      }
      let document = Array(
        #"{"driverName":"local.stillpoint.dev","volumeHandle":"vol-1","stillpoint.dev/staging-path":"/s"}"#
          .utf8)
      return try [[0] + snapshot.serializedBytes(), [1] + volume.serializedBytes(), [2] + document]
    },
    run: { bytes in
      var parts = Parts(bytes)
      switch parts.byte() % 3 {
      case 0:
        guard let wire = try? Csi_V1_Snapshot(serializedBytes: parts.rest),
          let found = try? CSISnapshot(wire, of: VolumeHandle(accepted: "vol-1"))
        else { return }
        try BrokenPromise.unless(found.sizeBytes >= 0, "a size of \(found.sizeBytes)")
        try Sample.survivesJSON(found.createdAt, "time of a snapshot")
      case 1:
        guard let wire = try? Csi_V1_Volume(serializedBytes: parts.rest),
          let volume = try? CSIVolume(wire)
        else { return }
        let document = VolumeDocument(
          driver: DriverName(accepted: "d"), volume: volume, filesystem: "ext4", staging: "/s")
        let again = VolumeDocument(try Sample.json(document.fields))
        try BrokenPromise.unlessSame(again?.context, volume.context, "a volume's context")
        try BrokenPromise.unlessSame(again?.handle, volume.handle, "a volume's handle")
      default:
        guard let document = VolumeDocument(parts.rest) else { return }
        _ = (document.driver, document.sizeBytes, document.context, document.previous)
        if let handle = document.handle {
          let name = CSISnapshotProvider.directoryName(handle)
          try BrokenPromise.unless(
            !name.contains("/") && name != "." && name != ".." && !name.isEmpty,
            "directory '\(name)' for handle '\(handle)'")
        }
      }
    })

  /// What a caller asks of the small CSI driver, and the documents of its pool.
  static let storageRequest = FuzzTarget(
    name: "storage-request",
    words: ["fsType", "ext4", "xfs", "after-7", "8Gi", "ro,noatime", "\u{7f}\u{ff}"],
    seeds: { try requestSeeds() },
    run: { bytes in
      var parts = Parts(bytes)
      do {
        try readRequest(kind: parts.byte() % 6, &parts)
      } catch let error as StorageError {
        try BrokenPromise.unlessShort(error.description, atMost: 8 << 10)
      }
    })

  private static func readRequest(kind: UInt8, _ parts: inout Parts) throws {
    switch kind {
    case 0:
      guard let wire = try? Csi_V1_CreateVolumeRequest(serializedBytes: parts.rest) else { return }
      let order = try ControllerService.order(wire)
      let capacity = try order.capacity(atLeast: 16 << 20)
      try BrokenPromise.unless(
        (16 << 20...VolumeOrder.maximumBytes).contains(capacity), "a capacity of \(capacity)")
      _ = ByteSize(bytes: capacity).description
    case 1:
      guard let capability = try? Csi_V1_VolumeCapability(serializedBytes: parts.rest) else {
        return
      }
      if let fault = CapabilityCheck.fault(of: capability, filesystem: .xfs) {
        try BrokenPromise.unlessShort(fault, atMost: 8 << 10)
      }
      let use = CapabilityCheck.use(capability, readOnly: false)
      let options = try MountOptions(words: use.mountFlags, for: .xfs)
      try BrokenPromise.unless(
        options.data.utf8.count < 4096 && !options.data.utf8.contains(0), "options for mount(2)")
    case 2:
      let number = parts.number()
      let limit = Int32(truncatingIfNeeded: number)
      let page = try Page(
        of: (1...20).map { UInt64($0) }, by: { $0 }, limit: limit, token: parts.text())
      try BrokenPromise.unless(
        limit == 0 || page.entries.count <= Int(limit), "a page above its limit")
    case 3:
      let text = String(decoding: parts.rest, as: UTF8.self)
      if let size = ByteSize(text) { _ = size.description }
      _ = ByteSize(bytes: Int64(bitPattern: parts.number())).description
      _ = try Endpoint(text)
      try Field.require(text, "name")
    case 4:
      let path = String(decoding: parts.rest, as: UTF8.self)
      try Field.requirePath(path, "target_path")
      try BrokenPromise.unless(!path.utf8.contains(0), "a path that the kernel would cut")
    default:
      let bytes = parts.rest
      if let group = try? PoolDirectory.record(StoredGroup.self, bytes, id: "g") {
        var index = PoolIndex()
        index.insert(group)
        _ = index.nextSerial()
        _ = group.snapshots.map(\.wire)
      }
      guard let volume = try? PoolDirectory.record(StoredVolume.self, bytes, id: "v") else {
        return
      }
      var index = PoolIndex()
      index.insert(volume)
      _ = index.nextSerial()
      _ = PoolLimits().promisable(total: 1 << 40, promised: index.promisedBytes - volume.capacity)
      _ = ByteSize(bytes: volume.capacity).description
    }
  }

  private static func requestSeeds() throws -> [[UInt8]] {
    let capability = Csi_V1_VolumeCapability.with {
      $0.mount.fsType = "xfs"
      $0.mount.mountFlags = ["ro,noatime"]
      $0.accessMode.mode = .singleNodeWriter
    }
    let request = Csi_V1_CreateVolumeRequest.with {
      $0.name = "pvc-1"
      $0.capacityRange.requiredBytes = 1 << 30
      $0.capacityRange.limitBytes = 2 << 30
      $0.volumeCapabilities = [capability]
      $0.parameters = ["fsType": "xfs"]
      $0.volumeContentSource.snapshot.snapshotID = "snap-1"
    }
    let volume = StoredVolume(
      id: "v", name: "pvc-1", serial: 4, capacity: 1 << 30, filesystem: .ext4,
      source: .snapshot("snap-1"), mustGrow: false)
    let snapshot = StoredSnapshot(
      id: "s", name: "n", serial: 5, sourceVolume: "v", capacity: 1 << 30, filesystem: .ext4,
      mustGrow: false, createdAt: 1_772_600_767_000_000_000, group: "g")
    let group = StoredGroup(
      id: "g", name: "n", serial: 6, createdAt: snapshot.createdAt, snapshots: [snapshot])
    return try [
      [0] + request.serializedBytes(), [1] + capability.serializedBytes(),
      [2, 5, 0, 0, 0, 0, 0, 0, 0] + Parts.joined([Array("after-7".utf8)]),
      [3] + Array("8Gi".utf8), [3] + Array("unix:///run/csi.sock".utf8),
      [4] + Array("/srv/volumes/a/mount".utf8), [5] + Sample.json(volume), [5] + Sample.json(group),
    ]
  }
}
