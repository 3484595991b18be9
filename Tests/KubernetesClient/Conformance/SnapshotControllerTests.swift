import ClusterTesting
import KubernetesClient
import Logging
import Synchronization
import Testing

/// The stand-in for snapshot-controller against what the real one was recorded to make.
@Suite struct KubernetesSnapshotControllerTests {
  static let groups = ResourceType(
    group: "groupsnapshot.storage.k8s.io", version: "v1", kind: "VolumeGroupSnapshot",
    plural: "volumegroupsnapshots", namespaced: true)

  static func cluster() async -> APIServer {
    let api = APIServer()
    for name in ["a", "b"] {
      await api.put(
        KubernetesObject(
          .persistentVolumes, name: "pv-\(name)",
          fields: [
            "spec": [
              "csi": ["driver": "hostpath.csi.k8s.io", "volumeHandle": .string("vol-\(name)")],
              "volumeMode": "Filesystem",
            ]
          ]), as: .persistentVolumes)
      await api.put(
        KubernetesObject(
          .persistentVolumeClaims, name: "pvc-\(name)", namespace: "default",
          labels: ["grp": "rec"], fields: ["spec": ["volumeName": .string("pv-\(name)")]]),
        as: .persistentVolumeClaims)
    }
    for (type, prefix) in [
      (ResourceType.volumeSnapshotClasses, "snapshot.storage.kubernetes.io"),
      (
        ResourceType(
          group: "groupsnapshot.storage.k8s.io", version: "v1", kind: "VolumeGroupSnapshotClass",
          plural: "volumegroupsnapshotclasses", namespaced: false),
        "groupsnapshot.storage.kubernetes.io"
      ),
    ] {
      await api.put(
        KubernetesObject(
          type, name: "default-class", annotations: ["\(prefix)/is-default-class": "true"],
          fields: ["driver": "hostpath.csi.k8s.io", "deletionPolicy": "Delete"]), as: type)
    }
    return api
  }

  static func with(
    _ driver: SnapshotDriver,
    _ body: @escaping @Sendable (KubernetesClient, APIServer) async throws -> Void
  ) async throws {
    let api = await cluster()
    try await KubernetesClientTests.with(api) { client, api in
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await SnapshotController(api, driver: driver).run() }
        try await body(client.with(.cut), api)
        group.cancelAll()
      }
    }
  }

  static let good = SnapshotDriver { request in
    SnapshotDriver.Cut(
      time: 1_795_350_848_895_489_629,
      snapshots: request.volumeHandles.map { .init(handle: "snap-\($0)", volumeHandle: $0) },
      groupHandle: request.isGroup ? "group" : nil)
  }

  @Test func `a snapshot gets a content, a handle and becomes ready, in the recorded form`()
    async throws
  {
    try await Self.with(Self.good) { client, _ in
      let made = try await client.create(
        KubernetesObject(
          .volumeSnapshots, name: "s", namespace: "default",
          fields: ["spec": ["source": ["persistentVolumeClaimName": "pvc-a"]]]),
        as: .volumeSnapshots)
      let name = "snapcontent-\(made.uid ?? "")"
      let handle = try await client.wait(
        for: .volumeSnapshotContents, name, within: .seconds(20)
      ) { $0?["status", "snapshotHandle"]?.string }
      #expect(handle == "snap-vol-a")
      let ready = try await client.wait(
        for: .volumeSnapshots, "s", in: "default", within: .seconds(20)
      ) { $0?["status", "readyToUse"]?.bool == true ? $0 : nil }
      let recorded = try Recording.json("volumesnapshot-3-ready.json")
      #expect(ready["status"].map { Shape($0) } == recorded["status"].map { Shape($0) })
      #expect(ready["status", "creationTime"] == recorded[path: ["status", "creationTime"]])
      let content = try await client.get(.volumeSnapshotContents, name)
      let other = try Recording.json("volumesnapshotcontent-ready.json")
      for field in ["spec", "status"] {
        #expect(content[field].map { Shape($0) } == other[field].map { Shape($0) })
      }
      _ = try await client.delete(.volumeSnapshots, "s", in: "default")
      _ = try await client.wait(
        for: .volumeSnapshotContents, name, within: .seconds(20)
      ) { $0 == nil ? true : nil }
    }
  }

  @Test func `a driver that fails at first is told, and succeeds later`() async throws {
    let tries = Mutex(0)
    let driver = SnapshotDriver { request throws(SnapshotDriver.Failure) in
      let count = tries.withLock { count in
        count += 1
        return count
      }
      guard count > 3 else { throw SnapshotDriver.Failure("rpc error: code = DeadlineExceeded") }
      return SnapshotDriver.Cut(
        time: 1, snapshots: [.init(handle: "late", volumeHandle: request.volumeHandles[0])])
    }
    try await Self.with(driver) { client, _ in
      let made = try await client.create(
        KubernetesObject(
          .volumeSnapshots, name: "s", namespace: "default",
          fields: ["spec": ["source": ["persistentVolumeClaimName": "pvc-a"]]]),
        as: .volumeSnapshots)
      let name = "snapcontent-\(made.uid ?? "")"
      let message = try await client.wait(
        for: .volumeSnapshotContents, name, within: .seconds(20)
      ) { $0?["status", "error", "message"]?.string }
      #expect(message.contains("failed to take snapshot of the volume vol-a"))
      let handle = try await client.wait(
        for: .volumeSnapshotContents, name, within: .seconds(20)
      ) { $0?["status", "snapshotHandle"]?.string }
      #expect(handle == "late")
    }
  }

  @Test func `a group is cut at once, by labels alone`() async throws {
    try await Self.with(Self.good) { client, api in
      _ = try await client.create(
        KubernetesObject(
          Self.groups, name: "g", namespace: "default",
          fields: ["spec": ["source": ["selector": ["matchLabels": ["grp": "rec"]]]]]),
        as: Self.groups)
      let ready = try await client.wait(
        for: Self.groups, "g", in: "default", within: .seconds(20)
      ) { $0?["status", "readyToUse"]?.bool == true ? $0 : nil }
      let recorded = try Recording.json("volumegroupsnapshot-3-ready.json")
      #expect(ready["status"].map { Shape($0) } == recorded["status"].map { Shape($0) })
      let members = try await client.list(.volumeSnapshots, in: "default").items
      #expect(members.count == 2)
      #expect(members.allSatisfy { $0.ownerReferences.first?.name == "g" })
      let contents = await api.objects(
        ResourceType(
          group: "groupsnapshot.storage.k8s.io", version: "v1", kind: "VolumeGroupSnapshotContent",
          plural: "volumegroupsnapshotcontents", namespaced: false))
      let expected = try Recording.json("volumegroupsnapshotcontent-ready.json")
      #expect(contents.first?["status"].map { Shape($0) } == expected["status"].map { Shape($0) })
    }
  }
}
