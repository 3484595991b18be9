import ClusterTesting
import Foundation
import KubernetesClient
import KubernetesSnapshots
import Model

/// What snapshot-controller and csi-snapshotter do in a cluster, each with the requests that the real one makes.
struct TestController: Sendable {
  let controller: KubernetesClient
  let sidecar: KubernetesClient
  let driver: TestDriver
  var version = "v1"

  private var groupSnapshots: ResourceType {
    group("VolumeGroupSnapshot", "volumegroupsnapshots", true)
  }
  private var groupContents: ResourceType {
    group("VolumeGroupSnapshotContent", "volumegroupsnapshotcontents", false)
  }

  private func group(_ kind: String, _ plural: String, _ namespaced: Bool) -> ResourceType {
    ResourceType(
      group: "groupsnapshot.storage.k8s.io", version: version, kind: kind, plural: plural,
      namespaced: namespaced)
  }

  private static let singleFinalizer =
    "snapshot.storage.kubernetes.io/volumesnapshot-bound-protection"

  /// Works until it is cancelled. Every object has a task of its own, as the real ones have workers.
  func run() async {
    await withDiscardingTaskGroup { group in
      group.addTask { await follow(.volumeSnapshots) { await single($0) } }
      group.addTask { await follow(groupSnapshots) { await grouped($0) } }
      // A content that was left by its snapshot, and is deleted for itself.
      group.addTask { await follow(.volumeSnapshotContents) { await left($0) } }
      group.addTask { await follow(groupContents) { await leftGroup($0) } }
    }
  }

  private func follow(
    _ type: ResourceType, _ work: @escaping @Sendable (KubernetesObject) async -> Void
  ) async {
    await withDiscardingTaskGroup { group in
      await Reflector(controller, type).run { event in
        switch event {
        case .added(let object): group.addTask { await work(object) }
        case .modified(let object) where object.deletionTimestamp != nil:
          group.addTask { await work(object) }
        case .modified, .deleted, .synced, .interrupted: break
        }
        return .goOn
      }
      group.cancelAll()
    }
  }

  private func single(_ snapshot: KubernetesObject) async {
    do {
      guard snapshot.deletionTimestamp == nil else { return try await remove(snapshot) }
      try await create(snapshot)
    } catch {
      // The object went meanwhile, or the test is over.
    }
  }

  private func create(_ snapshot: KubernetesObject) async throws {
    let type = ResourceType.volumeSnapshots
    let (name, namespace) = (snapshot.name, snapshot.namespace)
    let className = snapshot["spec", "volumeSnapshotClassName"]?.string ?? ""
    guard let found = try await controller.find(.volumeSnapshotClasses, className) else {
      return try await status(
        controller, type, name, namespace,
        [
          "error": [
            "message": .string("Failed to get snapshot class with error \(className) not found")
          ]
        ])
    }
    let claimName = snapshot["spec", "source", "persistentVolumeClaimName"]?.string ?? ""
    let claim = try await controller.get(.persistentVolumeClaims, claimName, in: namespace)
    let volume = try await controller.get(
      .persistentVolumes, claim["spec", "volumeName"]?.string ?? "")
    _ = try await controller.patch(
      type, name, in: namespace,
      merging: ["metadata": ["finalizers": [.string(Self.singleFinalizer)]]])
    let content = "snapcontent-\(snapshot.uid ?? "")"
    _ = try await controller.create(
      KubernetesObject(
        .volumeSnapshotContents, name: content,
        fields: [
          "spec": [
            "deletionPolicy": found["deletionPolicy"] ?? "Delete",
            "driver": found["driver"] ?? .null,
            "source": ["volumeHandle": volume["spec", "csi", "volumeHandle"] ?? .null],
            "volumeSnapshotRef": [
              "name": .string(name), "namespace": .string(namespace ?? ""),
              "uid": .string(snapshot.uid ?? ""),
            ],
          ]
        ]), as: .volumeSnapshotContents)
    try await status(
      controller, type, name, namespace,
      ["boundVolumeSnapshotContentName": .string(content), "readyToUse": false])
    try await cut(content, volume["spec", "csi", "volumeHandle"]?.string ?? "")
  }

  /// The sidecar's part: tries until the driver has cut.
  private func cut(_ content: String, _ volume: String) async throws {
    let type = ResourceType.volumeSnapshotContents
    while !Task.isCancelled {
      while driver.isHalted { try await Task.sleep(for: .milliseconds(5)) }
      do {
        let made = try driver.cut(content, [volume], grouped: false)
        return try await status(
          sidecar, type, content, nil,
          [
            "snapshotHandle": .string(made[0].id), "creationTime": JSONValue(Self.now),
            "readyToUse": false, "restoreSize": 4096, "error": nil,
          ])
      } catch let failure as TestDriver.Failure {
        try await status(
          sidecar, type, content, nil, ["error": ["message": .string(failure.message)]])
        try await Task.sleep(for: .milliseconds(100))
      }
    }
  }

  private static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1e9) }

  private func remove(_ snapshot: KubernetesObject) async throws {
    let content = "snapcontent-\(snapshot.uid ?? "")"
    if let found = try await controller.find(.volumeSnapshotContents, content),
      found["spec", "deletionPolicy"]?.string == "Delete"
    {
      driver.delete(content)
      _ = try await controller.delete(.volumeSnapshotContents, content)
    }
    _ = try await controller.patch(
      .volumeSnapshots, snapshot.name, in: snapshot.namespace,
      merging: ["metadata": ["finalizers": nil]])
  }

  /// A content goes once its storage has given it up, which the annotation allows.
  private func left(_ content: KubernetesObject) async {
    guard content.deletionTimestamp != nil, content["spec", "deletionPolicy"]?.string == "Delete",
      content.annotations["snapshot.storage.kubernetes.io/volumesnapshot-being-deleted"] == "yes"
    else { return }
    driver.delete(content.name)
    // Gone already when the test is over.
    _ = try? await controller.patch(
      .volumeSnapshotContents, content.name, merging: ["metadata": ["finalizers": nil]])
  }

  /// The same for groups, with the annotation that groups have.
  private func leftGroup(_ content: KubernetesObject) async {
    guard content.deletionTimestamp != nil, content.annotations[Self.groupDeleted] == "yes" else {
      return
    }
    driver.delete(content.name)
    _ = try? await controller.patch(
      groupContents, content.name, merging: ["metadata": ["finalizers": nil]])
  }

  private static let groupDeleted =
    "groupsnapshot.storage.kubernetes.io/volumegroupsnapshot-being-deleted"

  private func grouped(_ snapshot: KubernetesObject) async {
    do {
      let content = "groupsnapcontent-\(snapshot.uid ?? "")"
      guard snapshot.deletionTimestamp == nil else {
        _ = try await controller.patch(
          groupContents, content,
          merging: ["metadata": ["annotations": [Self.groupDeleted: "yes"]]])
        _ = try await controller.delete(groupContents, content)
        _ = try await controller.patch(
          groupSnapshots, snapshot.name, in: snapshot.namespace,
          merging: ["metadata": ["finalizers": nil]])
        return
      }
      try await createGroup(snapshot, content)
    } catch {
      // The object went meanwhile, or the test is over.
    }
  }

  private func createGroup(_ snapshot: KubernetesObject, _ content: String) async throws {
    let labels = snapshot["spec", "source", "selector", "matchLabels"]?.object?.byName ?? [:]
    let claims = try await controller.list(
      .persistentVolumeClaims, in: snapshot.namespace,
      matching: .labels(labels.compactMapValues(\.string)))
    var handles: [String] = []
    for claim in claims.items {
      let volume = try await controller.get(
        .persistentVolumes, claim["spec", "volumeName"]?.string ?? "")
      handles.append(volume["spec", "csi", "volumeHandle"]?.string ?? "")
    }
    _ = try await controller.patch(
      groupSnapshots, snapshot.name, in: snapshot.namespace,
      merging: ["metadata": ["finalizers": ["groupsnapshot.storage.kubernetes.io/bound"]]])
    _ = try await controller.create(
      KubernetesObject(
        groupContents, name: content,
        fields: [
          "metadata": [
            "name": .string(content),
            "finalizers": ["groupsnapshot.storage.kubernetes.io/volumegroupsnapshotcontent-bound"],
          ],
          "spec": [
            "deletionPolicy": "Delete", "driver": .string(ClusterBench.driver.text),
            "source": ["volumeHandles": .array(handles.map { .string($0) })],
            "volumeGroupSnapshotRef": [
              "name": .string(snapshot.name), "namespace": .string(snapshot.namespace ?? ""),
              "uid": .string(snapshot.uid ?? ""),
            ],
          ],
        ]), as: groupContents)
    while driver.isHalted { try await Task.sleep(for: .milliseconds(5)) }
    let made = try driver.cut(content, handles, grouped: true)
    try await status(
      sidecar, groupContents, content, nil,
      [
        "volumeGroupSnapshotHandle": .string(made.first?.group ?? ""),
        "creationTime": "2026-11-22T12:34:09Z", "readyToUse": true,
        "volumeSnapshotInfoList": .array(
          made.map {
            ["volumeHandle": .string($0.volume), "snapshotHandle": .string($0.id)]
          }),
      ])
  }

  private func status(
    _ client: KubernetesClient, _ type: ResourceType, _ name: String, _ namespace: String?,
    _ status: JSONValue
  ) async throws {
    _ = try await client.patch(
      type, name, in: namespace, merging: ["status": status], subresource: "status")
  }
}
