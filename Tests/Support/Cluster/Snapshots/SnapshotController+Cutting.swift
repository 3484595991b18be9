internal import Crypto
internal import FoundationEssentials
internal import KubernetesClient

/// A volume that is to be cut.
private struct Source {
  var claim: String
  var handle: String
  var driver: String
  var mode: String
}

extension SnapshotController {
  private static let prefix = "snapshot.storage.kubernetes.io"

  private func source(claim name: String, in namespace: String?) async throws -> Source {
    let text = "failed to create snapshot content: "
    guard let claim = await api.object(.persistentVolumeClaims, name, in: namespace) else {
      throw SnapshotDriver.Failure(
        "\(text)failed to retrieve PVC \(name) from the lister: \"persistentvolumeclaim \\\"\(name)\\\" "
          + "not found\"")
    }
    guard let volume = claim["spec", "volumeName"]?.string,
      let object = await api.object(.persistentVolumes, volume),
      let handle = object["spec", "csi", "volumeHandle"]?.string,
      let driver = object["spec", "csi", "driver"]?.string
    else { throw SnapshotDriver.Failure("\(text)the PVC \(name) is not yet bound to a PV") }
    return Source(
      claim: name, handle: handle, driver: driver,
      mode: object["spec", "volumeMode"]?.string ?? "Filesystem")
  }

  /// The named class, else the default of the driver.
  private func snapshotClass(
    _ type: ResourceType, named name: String?, driver: String, prefix: String
  ) async throws -> KubernetesObject {
    let found: KubernetesObject?
    if let name {
      found = await api.object(type, name)
    } else {
      found = await api.objects(type).first {
        $0["driver"]?.string == driver && $0.annotations["\(prefix)/is-default-class"] == "true"
      }
    }
    guard let found else {
      throw SnapshotDriver.Failure(
        "failed to get snapshot class: "
          + (name.map { "\(type) \"\($0)\" not found" } ?? "cannot find default snapshot class"))
    }
    guard found["driver"]?.string == driver else {
      throw SnapshotDriver.Failure(
        "failed to create snapshot content: the class is for another driver than the volume")
    }
    return found
  }

  private static func reference(_ object: KubernetesObject) -> JSONValue {
    var reference: JSONValue = [
      "apiVersion": .string(object.apiVersion), "kind": .string(object.kind),
      "name": .string(object.name), "uid": .string(object.uid ?? ""),
    ]
    reference["namespace"] = object.namespace.map { .string($0) }
    reference["resourceVersion"] = object.resourceVersion.map { .string($0) }
    return reference
  }

  func cutOne(_ snapshot: KubernetesObject) async throws {
    guard let claim = snapshot["spec", "source", "persistentVolumeClaimName"]?.string else {
      return
    }
    let source = try await source(claim: claim, in: snapshot.namespace)
    let chosen = try await snapshotClass(
      .volumeSnapshotClasses, named: snapshot["spec", "volumeSnapshotClassName"]?.string,
      driver: source.driver, prefix: Self.prefix)
    let name = "snapcontent-\(snapshot.uid ?? "")"
    if await api.object(.volumeSnapshotContents, name) == nil {
      try await takeTurn()
      var content = KubernetesObject(
        .volumeSnapshotContents, name: name,
        annotations: ["\(Self.prefix)/volumesnapshot-being-created": "yes"],
        fields: [
          "spec": [
            "deletionPolicy": chosen["deletionPolicy"] ?? "Delete",
            "driver": .string(source.driver),
            "source": ["volumeHandle": .string(source.handle)],
            "sourceVolumeMode": .string(source.mode),
            "volumeSnapshotClassName": .string(chosen.name),
            "volumeSnapshotRef": Self.reference(snapshot),
          ]
        ])
      content["metadata", "finalizers"] = [
        "snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection"
      ]
      await api.put(content, as: .volumeSnapshotContents)
      try await change(.volumeSnapshots, snapshot.name, snapshot.namespace) {
        $0["metadata", "finalizers"] = [
          "snapshot.storage.kubernetes.io/volumesnapshot-as-source-protection",
          "snapshot.storage.kubernetes.io/volumesnapshot-bound-protection",
        ]
        $0["status", "boundVolumeSnapshotContentName"] = .string(name)
        $0["status", "readyToUse"] = false
      }
    }
    let cut: SnapshotDriver.Cut
    do throws(SnapshotDriver.Failure) {
      cut = try await driver.cut(
        .init(
          name: "snapshot-\(snapshot.uid ?? "")", driver: source.driver,
          volumeHandles: [source.handle], isGroup: false, parameters: Self.parameters(chosen)))
    } catch {
      throw SnapshotDriver.Failure(
        "Failed to check and update snapshot content: failed to take snapshot of the volume "
          + "\(source.handle): \"\(error.message)\"")
    }
    guard let made = cut.snapshots.first else { return }
    try await change(.volumeSnapshotContents, name, nil) {
      $0.annotations["snapshot.storage.kubernetes.io/volumesnapshot-being-created"] = nil
      $0["status"] = Self.status(made, cut.time)
    }
    try await tell(snapshot, made, cut.time)
  }

  private func tell(
    _ snapshot: KubernetesObject, _ made: SnapshotDriver.Snapshot, _ time: Int64
  ) async throws {
    try await change(.volumeSnapshots, snapshot.name, snapshot.namespace) {
      $0["status", "error"] = nil
      $0["status", "creationTime"] = .string(Self.text(time))
      $0["status", "readyToUse"] = .bool(made.isReady)
      $0["status", "restoreSize"] = .string("\(made.size >> 20)Mi")
    }
  }

  private static func status(_ made: SnapshotDriver.Snapshot, _ time: Int64) -> JSONValue {
    [
      "creationTime": JSONValue(time), "readyToUse": .bool(made.isReady),
      "restoreSize": JSONValue(made.size), "snapshotHandle": .string(made.handle),
    ]
  }

  /// With a second's grain, as metav1.Time has it.
  private static func text(_ nanoseconds: Int64) -> String {
    Date(timeIntervalSince1970: Double(nanoseconds / 1_000_000_000)).formatted(.iso8601)
  }

  private static func parameters(_ object: KubernetesObject) -> [String: String] {
    (object["parameters"]?.object?.byName ?? [:]).compactMapValues(\.string)
  }

  /// A snapshot of a content that somebody made by hand.
  func bindExisting(_ snapshot: KubernetesObject) async throws {
    guard let name = snapshot["spec", "source", "volumeSnapshotContentName"]?.string,
      let content = await api.object(.volumeSnapshotContents, name),
      let handle = content["spec", "source", "snapshotHandle"]?.string
    else { throw SnapshotDriver.Failure("VolumeSnapshotContent is missing") }
    let time = Int64(Date().timeIntervalSince1970) * 1_000_000_000
    let made = SnapshotDriver.Snapshot(handle: handle, volumeHandle: "")
    let uid = snapshot.uid ?? ""
    try await change(.volumeSnapshotContents, name, nil) {
      $0["spec", "volumeSnapshotRef", "uid"] = .string(uid)
      $0["status"] = Self.status(made, time)
    }
    try await change(.volumeSnapshots, snapshot.name, snapshot.namespace) {
      $0["status", "boundVolumeSnapshotContentName"] = .string(name)
    }
    try await tell(snapshot, made, time)
  }

  /// All claims that `matchLabels` chooses; `matchExpressions` are not read, by the real controller neither.
  func cutGroup(_ group: KubernetesObject) async throws {
    let wanted = group["spec", "source", "selector", "matchLabels"]?.object?.byName ?? [:]
    let claims = await api.objects(.persistentVolumeClaims, in: group.namespace).filter { claim in
      wanted.allSatisfy { claim.labels[$0.key] == $0.value.string }
    }
    guard !claims.isEmpty else {
      throw SnapshotDriver.Failure("no PVCs found for the label selector")
    }
    var sources: [Source] = []
    for claim in claims {
      sources.append(try await source(claim: claim.name, in: group.namespace))
    }
    let chosen = try await snapshotClass(
      Self.groupClasses, named: group["spec", "volumeGroupSnapshotClassName"]?.string,
      driver: sources[0].driver, prefix: "groupsnapshot.storage.kubernetes.io")
    let uid = group.uid ?? ""
    let name = "groupsnapcontent-\(uid)"
    let handles = sources.map(\.handle)
    try await takeTurn()
    if await api.object(Self.groupContents, name) == nil {
      var content = KubernetesObject(
        Self.groupContents, name: name,
        fields: [
          "spec": [
            "deletionPolicy": chosen["deletionPolicy"] ?? "Delete",
            "driver": .string(sources[0].driver),
            "source": ["volumeHandles": .array(handles.map { .string($0) })],
            "volumeGroupSnapshotClassName": .string(chosen.name),
            "volumeGroupSnapshotRef": Self.reference(group),
          ]
        ])
      content["metadata", "finalizers"] = [
        "groupsnapshot.storage.kubernetes.io/volumegroupsnapshotcontent-bound-protection"
      ]
      await api.put(content, as: Self.groupContents)
      try await change(Self.groups, group.name, group.namespace) {
        $0["metadata", "finalizers"] = [
          "groupsnapshot.storage.kubernetes.io/volumegroupsnapshot-bound-protection"
        ]
        $0["status", "boundVolumeGroupSnapshotContentName"] = .string(name)
        $0["status", "readyToUse"] = false
      }
    }
    let cut = try await driver.cut(
      .init(
        name: "groupsnapshot-\(uid)", driver: sources[0].driver, volumeHandles: handles,
        isGroup: true, parameters: Self.parameters(chosen)))
    try await change(Self.groupContents, name, nil) {
      $0["status"] = [
        "creationTime": .string(Self.text(cut.time)), "readyToUse": true,
        "volumeGroupSnapshotHandle": .string(cut.groupHandle ?? "group-\(uid)"),
        "volumeSnapshotInfoList": .array(
          cut.snapshots.map { made in
            var entry = Self.status(made, cut.time)
            entry["volumeHandle"] = .string(made.volumeHandle)
            return entry
          }),
      ]
    }
    for made in cut.snapshots {
      guard let source = sources.first(where: { $0.handle == made.volumeHandle }) else { continue }
      try await makeMember(of: group, made, source, cut.time, chosen)
    }
    try await change(Self.groups, group.name, group.namespace) {
      $0["status", "error"] = nil
      $0["status", "creationTime"] = .string(Self.text(cut.time))
      $0["status", "readyToUse"] = true
    }
  }

  private func makeMember(
    of group: KubernetesObject, _ made: SnapshotDriver.Snapshot, _ source: Source, _ time: Int64,
    _ chosen: KubernetesObject
  ) async throws {
    let digest = SHA256.hash(data: Array(((group.uid ?? "") + made.volumeHandle).utf8))
    let hash = digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    var snapshot = KubernetesObject(
      .volumeSnapshots, name: "snapshot-\(hash)", namespace: group.namespace,
      fields: [
        "spec": ["source": ["persistentVolumeClaimName": .string(source.claim)]],
        "status": [
          "boundVolumeSnapshotContentName": .string("snapcontent-\(hash)"),
          "creationTime": .string(Self.text(time)), "readyToUse": true,
          "restoreSize": .string("\(made.size >> 20)Mi"),
          "volumeGroupSnapshotName": .string(group.name),
        ],
      ])
    snapshot["metadata", "finalizers"] = [
      "snapshot.storage.kubernetes.io/volumesnapshot-in-group-protection",
      "snapshot.storage.kubernetes.io/volumesnapshot-as-source-protection",
    ]
    snapshot["metadata", "ownerReferences"] = [
      OwnerReference(
        apiVersion: group.apiVersion, kind: group.kind, name: group.name, uid: group.uid ?? ""
      ).json
    ]
    try await takeTurn()
    let stored = await api.put(snapshot, as: .volumeSnapshots)
    var status = Self.status(made, time)
    status["volumeGroupSnapshotHandle"] = .string("group-\(group.uid ?? "")")
    let content = KubernetesObject(
      .volumeSnapshotContents, name: "snapcontent-\(hash)",
      fields: [
        "spec": [
          "deletionPolicy": chosen["deletionPolicy"] ?? "Delete", "driver": .string(source.driver),
          "source": ["snapshotHandle": .string(made.handle)],
          "sourceVolumeMode": .string(source.mode),
          "volumeSnapshotRef": Self.reference(stored),
        ], "status": status,
      ])
    await api.put(content, as: .volumeSnapshotContents)
  }

  /// The content goes first, unless it is to be retained.
  func delete(_ object: KubernetesObject, _ type: ResourceType) async throws {
    if type == Self.groups {
      for member in await api.objects(.volumeSnapshots, in: object.namespace)
      where member.ownerReferences.contains(where: { $0.uid == object.uid }) {
        try await deleteContent(member["status", "boundVolumeSnapshotContentName"]?.string)
        await api.finish(.volumeSnapshots, member.name, in: member.namespace)
      }
      await api.finish(Self.groupContents, "groupsnapcontent-\(object.uid ?? "")")
    } else {
      // A member goes with its group alone.
      guard object.ownerReferences.isEmpty else { return }
      try await deleteContent(object["status", "boundVolumeSnapshotContentName"]?.string)
    }
    try await takeTurn()
    await api.finish(type, object.name, in: object.namespace)
  }

  private func deleteContent(_ name: String?) async throws {
    guard let name, let content = await api.object(.volumeSnapshotContents, name),
      content["spec", "deletionPolicy"]?.string == "Delete"
    else { return }
    if let handle = content["status", "snapshotHandle"]?.string { try await driver.delete(handle) }
    try await takeTurn()
    await api.finish(.volumeSnapshotContents, name)
  }
}
