internal import CutProtocol
internal import Model
internal import SwiftProtobuf

extension NodeRequest {
  init(_ wire: Stillpoint_Fleet_V1_Request, _ field: WireField) throws(WireError) {
    switch wire.kind {
    case .deleteSnapshot(let delete):
      let field = field("delete_snapshot")
      self = .deleteSnapshot(
        driver: try field("driver").name(delete.driver),
        snapshot: try field("snapshot").name(delete.snapshot),
        group: delete.hasGroup ? try field("group").name(delete.group) : nil)
    case .restore(let restore):
      let field = field("restore")
      self = .restore(
        VolumeRestore(
          restore: try field("restore").name(restore.restore),
          source: try SnapshotRecord(restore.source, field("source")),
          place: restore.hasBesideDirectory
            ? .beside(directory: try field("beside_directory").text(restore.besideDirectory))
            : .original))
    case .probeDriver(let probe): self = .probe(try DriverProbe(probe, field("probe_driver")))
    case .runHook(let hook): self = .runHook(try HookRun(hook, field("run_hook")))
    case .findSnapshots(let find):
      self = .findSnapshots(
        try field("find_snapshots")("snapshots").list(find.snapshots) {
          wire, field throws(WireError) in
          SnapshotReference(
            driver: try field("driver").name(wire.driver),
            snapshot: try field("snapshot").name(wire.snapshot))
        })
    case nil: throw field.error("it is a request of an unknown kind")
    }
  }

  func wire(_ id: UInt64) -> Stillpoint_Fleet_V1_Request {
    var wire = Stillpoint_Fleet_V1_Request()
    wire.id = id
    switch self {
    case .deleteSnapshot(let driver, let snapshot, let group):
      wire.deleteSnapshot = .with {
        $0.driver = driver.text
        $0.snapshot = snapshot.text
        if let group { $0.group = group.text }
      }
    case .restore(let restore):
      wire.restore = .with {
        $0.restore = restore.restore.text
        $0.source = restore.source.wire
        if case .beside(let directory) = restore.place { $0.besideDirectory = directory }
      }
    case .probe(let probe):
      wire.probeDriver = .with {
        $0.probe = probe.probe.text
        $0.driver = probe.driver.text
      }
    case .runHook(let hook): wire.runHook = hook.wire
    case .findSnapshots(let snapshots):
      wire.findSnapshots.snapshots = snapshots.map { snapshot in
        .with {
          $0.driver = snapshot.driver.text
          $0.snapshot = snapshot.snapshot.text
        }
      }
    }
    return wire
  }
}

extension NodeReply {
  init(_ wire: Stillpoint_Fleet_V1_Reply, _ field: WireField) throws(WireError) {
    switch wire.kind {
    case .done: self = .done
    case .restored(let volume): self = .restored(try VolumeRef(volume, field("restored")))
    case .probed(let findings): self = .probed(try ProbeFindings(findings, field("probed")))
    case .ran(let result): self = .ran(try HookResult(result, field("ran")))
    case .found(let found):
      self = .found(
        try field("found")("presences").list(found.presences) { wire, field throws(WireError) in
          try SnapshotPresence(wire, field)
        })
    case .failed(let refusal): self = .failed(try Refusal(refusal, field("failed")))
    case nil: throw field.error("it is a reply of an unknown kind")
    }
  }

  func wire(_ id: UInt64) -> Stillpoint_Fleet_V1_Reply {
    var wire = Stillpoint_Fleet_V1_Reply()
    wire.id = id
    switch self {
    case .done: wire.done = .init()
    case .restored(let volume): wire.restored = volume.wire
    case .probed(let findings): wire.probed = findings.wire
    case .ran(let result): wire.ran = result.wire
    case .found(let presences): wire.found.presences = presences.map(\.wire)
    case .failed(let refusal): wire.failed = refusal.wire
    }
    return wire
  }
}

extension SnapshotPresence {
  fileprivate init(_ wire: Stillpoint_Fleet_V1_Reply.Presence, _ field: WireField)
    throws(WireError)
  {
    switch wire.state {
    case .there: self = .there
    case .missing: self = .missing
    case .unknown(let reason): self = .unknown(try field("unknown").text(reason))
    case nil: throw field.error("it is neither there nor missing nor unknown")
    }
  }

  fileprivate var wire: Stillpoint_Fleet_V1_Reply.Presence {
    .with {
      switch self {
      case .there: $0.there = .init()
      case .missing: $0.missing = .init()
      case .unknown(let reason): $0.unknown = reason.forWire
      }
    }
  }
}

extension VolumeRef {
  init(_ wire: Stillpoint_Fleet_V1_Volume, _ field: WireField) throws(WireError) {
    self.init(
      driver: try field("driver").name(wire.driver), handle: try field("handle").name(wire.handle),
      publishedAt: try field("published_at").text(wire.publishedAt))
  }

  var wire: Stillpoint_Fleet_V1_Volume {
    .with {
      $0.driver = driver.text
      $0.handle = handle.text
      $0.publishedAt = publishedAt
    }
  }
}

extension SnapshotRecord {
  init(_ wire: Stillpoint_Fleet_V1_SnapshotRecord, _ field: WireField) throws(WireError) {
    guard wire.sizeBytes >= 0 else {
      throw field("size_bytes").error("\(wire.sizeBytes) is no size")
    }
    self.init(
      containerPath: try field("container_path").text(wire.containerPath),
      volume: try VolumeRef(wire.volume, field("volume")),
      name: try field("name").text(wire.name, limit: WireLimits.label),
      handle: try field("handle").name(wire.handle),
      group: wire.hasGroup ? try field("group").name(wire.group) : nil,
      sizeBytes: wire.sizeBytes, createdAt: Timestamp(nanoseconds: wire.createdAt),
      readyToUse: wire.readyToUse, requested: try field("requested").duration(wire.requested),
      acknowledged: try field("acknowledged").duration(wire.acknowledged),
      takenBy: wire.hasTakenBy ? try field("taken_by").name(wire.takenBy) : nil)
  }

  var wire: Stillpoint_Fleet_V1_SnapshotRecord {
    .with {
      $0.containerPath = containerPath
      $0.volume = volume.wire
      $0.name = name
      $0.handle = handle.text
      if let group { $0.group = group.text }
      $0.sizeBytes = sizeBytes
      $0.createdAt = createdAt.nanoseconds
      $0.readyToUse = readyToUse
      $0.requested = max(0, requested.duration.wholeNanoseconds)
      $0.acknowledged = max(0, acknowledged.duration.wholeNanoseconds)
      if let takenBy { $0.takenBy = takenBy.text }
    }
  }
}

extension WireField {
  func records(_ wire: [Stillpoint_Fleet_V1_SnapshotRecord]) throws(WireError) -> [SnapshotRecord] {
    try list(wire) { wire, field throws(WireError) in try SnapshotRecord(wire, field) }
  }
}
