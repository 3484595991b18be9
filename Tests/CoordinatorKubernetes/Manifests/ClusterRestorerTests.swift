import ClusterTesting
import CoordinatorCore
import CutProtocol
import Foundation
import KubernetesClient
import Logging
import Model
import Testing

@testable import CoordinatorKubernetes

/// A backup of `shop`: two services that depend on each other, a claim with a snapshot, and what they need.
enum ShopBackup {
  static func manifest(
    _ type: ResourceType, _ name: String, _ json: String, global: Bool = false, fact: Bool = false,
    standing: BackupManifest.Standing = .atWitness
  ) throws -> BackupManifest {
    var object = KubernetesObject(type, name: name, namespace: global ? nil : "shop")
    let fields = try #require(try JSONValue(json: Array(json.utf8)).object)
    for (key, value) in fields { object[key] = value }
    return BackupManifest(
      apiVersion: type.apiVersion, kind: type.kind, resource: "\(type)",
      namespace: global ? nil : "shop", name: name, uid: "u-\(name)", resourceVersion: "1",
      standing: standing, isFact: fact, content: Data(object.value.bytes))
  }

  static func manifests() throws -> [BackupManifest] {
    [
      try manifest(.deployments, "web", #"{"spec":{"replicas":2}}"#),
      try manifest(.statefulSets, "db", #"{"spec":{"replicas":1}}"#),
      try manifest(.deployments, "tool", #"{"spec":{"replicas":1}}"#),
      try manifest(.configMaps, "settings", #"{"data":{"a":"backup"}}"#),
      try manifest(.secrets, "password", #"{"data":{"p":"eA=="}}"#),
      try manifest(.configMaps, "late", #"{"data":{}}"#, standing: .appeared),
      try manifest(.services, "web", #"{"spec":{"ports":[{"port":80}]}}"#),
      try manifest(.jobs, "load", #"{"spec":{}}"#),
      try manifest(.serviceAccounts, "default", "{}"),
      try manifest(.storageClasses, "fast", #"{"provisioner":"p"}"#, global: true),
      try manifest(
        .namespaces, "shop", #"{"metadata":{"name":"shop","labels":{"team":"a"}}}"#, global: true),
      try manifest(
        .persistentVolumeClaims, "data-db-0",
        #"{"spec":{"storageClassName":"fast","resources":{"requests":{"storage":"1Gi"}}}}"#),
      try manifest(.persistentVolumeClaims, "scratch", #"{"spec":{"storageClassName":"fast"}}"#),
      try manifest(
        .persistentVolumes, "pv-1",
        #"{"spec":{"capacity":{"storage":"2Gi"},"claimRef":{"namespace":"shop","name":"data-db-0"},"csi":{"driver":"d.test","volumeHandle":"v-1"}}}"#,
        global: true, fact: true),
    ]
  }

  static func member(
    _ name: String, pod: String, owner: String? = nil, dependsOn: [String] = []
  ) throws -> MemberPlan {
    MemberPlan(
      name: try ServiceName(name), node: try NodeID("n"), container: try ContainerID("c"),
      containerName: "c", pod: pod, namespace: "shop", owner: owner, image: "", imageDigest: "",
      holds: [], volumes: [], dependsOn: try dependsOn.map { try ServiceName($0) }, group: 0,
      level: 0)
  }

  static func job(
    _ order: ObjectRestoreOrder = ObjectRestoreOrder(namespaces: ["shop": "copy"]),
    restore: String = "r1", manifests: [BackupManifest]? = nil
  ) throws -> ObjectRestoreJob {
    let snapshot = SnapshotRecord(
      containerPath: "/data",
      volume: VolumeRef(
        driver: try DriverName("d.test"), handle: try VolumeHandle("v-1"), publishedAt: "/x"),
      name: "n", handle: try SnapshotHandle("snap-1"), group: nil, sizeBytes: 1,
      createdAt: Timestamp(nanoseconds: 0), readyToUse: true, requested: .zero, acknowledged: .zero)
    return ObjectRestoreJob(
      restore: try RestoreID(restore), backup: try BackupID("b1"), order: order,
      services: [
        try member("orders", pod: "db-0", owner: "StatefulSet/db"),
        try member("checkout", pod: "web-7d4b9c-x2x5z", dependsOn: ["orders"]),
      ], manifests: try manifests ?? Self.manifests(), snapshots: [snapshot])
  }
}

/// A restorer beside a test API server, in which workloads become ready at once unless they are named.
struct RestoreBench: Sendable {
  let api: APIServer
  let restorer: ClusterRestorer

  static func with(
    users: [String: TestUser] = [:], token: String? = nil, unready: Set<String> = [],
    hooks: FakeHooks = FakeHooks(), _ body: @escaping @Sendable (RestoreBench) async throws -> Void
  ) async throws {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let api = APIServer(users: users)
    try await TestCluster.with(api) { cluster in
      try await KubernetesClient.with(try cluster.access(token: token), logger: logger) { client in
        let bench = RestoreBench(
          api: api, restorer: ClusterRestorer(client: client, hooks: hooks, logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask {
            while (try? await Task.sleep(for: .milliseconds(10))) != nil {
              await bench.ready(except: unready)
            }
          }
          try await body(bench)
          group.cancelAll()
        }
      }
    }
  }

  /// What the cluster's own controllers do.
  private func ready(except unready: Set<String>) async {
    for type in [ResourceType.deployments, .statefulSets] {
      for object in await api.objects(type) where !unready.contains(object.name) {
        await api.edit(type, object.name, in: object.namespace) { object in
          object["status", "observedGeneration"] = object["metadata", "generation"]
          object["status", "readyReplicas"] = object["spec", "replicas"]
        }
        await makePods(of: object, type)
      }
    }
  }

  func perform(_ job: ObjectRestoreJob) async throws {
    try await restorer.perform(job) { _ in }
  }

  /// Requests that change something, in their order.
  var writes: [String] {
    get async {
      await api.received().filter {
        $0.method != "GET" && $0.path.last != "selfsubjectaccessreviews"
      }.map { "\($0.method) \($0.path.suffix($0.method == "POST" ? 1 : 2).joined(separator: "/"))" }
    }
  }
}

struct `A restore of objects` {
  @Test func `makes everything in its order, and starts services one after the other`() async throws
  {
    try await RestoreBench.with { bench in
      try await bench.perform(try ShopBackup.job())
      #expect(
        await bench.writes == [
          "POST namespaces", "POST storageclasses", "POST serviceaccounts", "POST secrets",
          "POST configmaps", "POST volumesnapshotcontents", "POST volumesnapshots",
          "POST persistentvolumeclaims", "POST persistentvolumeclaims", "POST services",
          "POST deployments", "POST deployments", "POST statefulsets", "PATCH statefulsets/db",
          "PATCH deployments/web", "PATCH deployments/tool", "POST jobs",
        ])
      let api = bench.api
      let content = try #require(await api.objects(.volumeSnapshotContents).first)
      #expect(content["spec", "source", "snapshotHandle"] == "snap-1")
      #expect(content["spec", "deletionPolicy"] == "Retain")
      let snapshot = try #require(await api.objects(.volumeSnapshots, in: "copy").first)
      #expect(content["spec", "volumeSnapshotRef", "name"]?.string == snapshot.name)
      #expect(snapshot["spec", "source", "volumeSnapshotContentName"]?.string == content.name)
      let claim = await api.object(.persistentVolumeClaims, "data-db-0", in: "copy")
      #expect(claim?["spec", "dataSource", "name"]?.string == snapshot.name)
      #expect(claim?["spec", "resources", "requests", "storage"] == "2Gi")
      #expect(await api.object(.deployments, "web", in: "copy")?["spec", "replicas"] == 2)
      #expect(await api.object(.jobs, "load", in: "copy")?["spec", "suspend"] == true)
      #expect(await api.object(.configMaps, "late", in: "copy") == nil)
      #expect(await api.object(.namespaces, "copy")?.labels["team"] == "a")
      #expect(await api.objects(.persistentVolumes).isEmpty)
    }
  }

  @Test func `changes nothing in a dry run, and tells each action`() async throws {
    try await RestoreBench.with { bench in
      let actions = try await bench.restorer.actions(of: try ShopBackup.job())
      #expect(await bench.writes.isEmpty)
      let lines = actions.map { "\($0.verb.rawValue) \($0.object): \($0.note ?? "")" }
      #expect(lines.first == "create namespaces copy: ")
      #expect(
        lines.contains(
          "create persistentvolumeclaims copy/data-db-0: from snapshot snap-1"))
      #expect(
        lines.contains(
          "create persistentvolumeclaims copy/scratch: comes back empty: the backup has no snapshot of its volume"
        ))
      #expect(
        lines.contains("skip configmaps copy/late: left out: it was first seen after the witness"))
      #expect(
        lines.suffix(3) == [
          "start statefulsets.apps copy/db: 1 replicas, service orders",
          "start deployments.apps copy/web: 2 replicas, service checkout by its pod's name",
          "start deployments.apps copy/tool: 1 replicas, of no service of the plan",
        ])
    }
  }

  @Test func `is the same after answers were lost and after a crash`() async throws {
    try await RestoreBench.with(unready: ["web"]) { bench in
      let job = try ShopBackup.job()
      await bench.api.inject(Fault(.dropAfterwards, times: 4) { $0.method == "POST" })
      // Cancelled while it waits for a service: as if the coordinator had been killed there.
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try? await bench.perform(job) }
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline,
          await bench.api.object(.deployments, "web", in: "copy")?["spec", "replicas"] != 2
        {
          try await Task.sleep(for: .milliseconds(10))
        }
        group.cancelAll()
      }
      await bench.api.edit(.deployments, "web", in: "copy") { object in
        object["status", "observedGeneration"] = object["metadata", "generation"]
        object["status", "readyReplicas"] = object["spec", "replicas"]
      }
      try await bench.perform(job)
      #expect(await bench.api.objects(.volumeSnapshots).count == 1)
      #expect(await bench.api.object(.deployments, "tool", in: "copy")?["spec", "replicas"] == 1)
      #expect(await bench.api.object(.configMaps, "settings", in: "copy")?["data", "a"] == "backup")
    }
  }

  @Test func `leaves what is there, puts it right, or does nothing at all`() async throws {
    for existing in ObjectRestoreOrder.Existing.allCases {
      try await RestoreBench.with { bench in
        await bench.api.put(KubernetesObject(.namespaces, name: "copy"), as: .namespaces)
        await bench.api.put(
          KubernetesObject(
            .configMaps, name: "settings", namespace: "copy",
            fields: ["data": ["a": "mine", "b": "mine"]]), as: .configMaps)
        await bench.api.put(
          KubernetesObject(.serviceAccounts, name: "default", namespace: "copy"),
          as: .serviceAccounts)
        let job = try ShopBackup.job(
          ObjectRestoreOrder(namespaces: ["shop": "copy"], existing: existing))
        let found = { await bench.api.object(.configMaps, "settings", in: "copy")?["data"] }
        switch existing {
        case .skip:
          try await bench.perform(job)
          #expect(await found() == ["a": "mine", "b": "mine"])
        case .patch:
          try await bench.perform(job)
          #expect(await found() == ["a": "backup", "b": "mine"])
        case .fail:
          let error = await #expect(throws: OperationError.self) { try await bench.perform(job) }
          #expect(error?.message == "nothing was restored: configmaps copy/settings: is there")
          #expect(await bench.writes.isEmpty)
        }
      }
    }
  }

  @Test func `never puts data beneath a claim that is there`() async throws {
    try await RestoreBench.with { bench in
      await bench.api.put(KubernetesObject(.namespaces, name: "shop"), as: .namespaces)
      await bench.api.put(
        KubernetesObject(.persistentVolumeClaims, name: "data-db-0", namespace: "shop"),
        as: .persistentVolumeClaims)
      let job = try ShopBackup.job(ObjectRestoreOrder(existing: .patch))
      let error = await #expect(throws: OperationError.self) { try await bench.perform(job) }
      #expect(error?.message.contains("its data cannot be exchanged beneath it") == true)
      #expect(await bench.writes.isEmpty)
    }
  }

  @Test func `is refused before anything is written when a right is missing`() async throws {
    var rules = [TestUser.Rule(["get", "list", "watch"], group: "*", ["*"])]
    rules.append(.init(["create", "patch"], group: "", ["*"]))
    rules.append(.init(["create"], group: "authorization.k8s.io", ["*"]))
    let users = ["t": TestUser("coordinator", rules: rules)]
    try await RestoreBench.with(users: users, token: "t") { bench in
      let error = await #expect(throws: OperationError.self) {
        try await bench.perform(try ShopBackup.job())
      }
      #expect(
        error?.message
          == "nothing was restored: storageclasses.storage.k8s.io fast: the coordinator may not create storageclasses.storage.k8s.io: it needs the ClusterRole stillpoint-restore-cluster bound in the whole cluster; and 5 more"
      )
      #expect(await bench.writes.isEmpty)
    }
  }

  @Test func `stops at a service that does not become ready, and names it`() async throws {
    try await RestoreBench.with(unready: ["db"]) { bench in
      let order = ObjectRestoreOrder(namespaces: ["shop": "copy"], patience: .milliseconds(300))
      let error = await #expect(throws: OperationError.self) {
        try await bench.perform(try ShopBackup.job(order))
      }
      #expect(
        error?.message.hasPrefix("service orders did not become ready within 0.3 seconds") == true)
      #expect(await bench.api.object(.deployments, "web", in: "copy")?["spec", "replicas"] == 0)
    }
  }

  @Test func `maps storage classes, leaves workloads at zero, and keeps out of the cluster's own`()
    async throws
  {
    try await RestoreBench.with { bench in
      await bench.api.put(KubernetesObject(.namespaces, name: "shop"), as: .namespaces)
      try await bench.perform(
        try ShopBackup.job(
          ObjectRestoreOrder(storageClasses: ["fast": "slow"], start: false, mayUseCluster: false)))
      let claim = await bench.api.object(.persistentVolumeClaims, "data-db-0", in: "shop")
      #expect(claim?["spec", "storageClassName"] == "slow")
      #expect(await bench.api.objects(.storageClasses).isEmpty)
      #expect(await bench.api.object(.deployments, "web", in: "shop")?["spec", "replicas"] == 0)
    }
  }

  @Test func `asks for many objects of a kind by one list`() async throws {
    let manifests = try (0..<30).map {
      try ShopBackup.manifest(.configMaps, "m\($0)", #"{"data":{"a":"backup"}}"#)
    }
    try await RestoreBench.with { bench in
      await bench.api.put(KubernetesObject(.namespaces, name: "shop"), as: .namespaces)
      for name in ["m7", "other"] {
        await bench.api.put(
          KubernetesObject(.configMaps, name: name, namespace: "shop", fields: ["data": [:]]),
          as: .configMaps)
      }
      for existing in [ObjectRestoreOrder.Existing.skip, .patch] {
        try await bench.perform(
          try ShopBackup.job(ObjectRestoreOrder(existing: existing), manifests: manifests))
      }
      #expect(await bench.api.objects(.configMaps, in: "shop").count == 31)
      #expect(await bench.api.object(.configMaps, "m7", in: "shop")?["data", "a"] == "backup")
      let reads = await bench.api.received().filter {
        $0.method == "GET" && $0.path.contains("configmaps")
      }
      // Two lists, and the one object that is patched.
      #expect(reads.count == 3, "\(reads.map(\.path))")
      #expect(await bench.writes.count == 30)
    }
  }
}
