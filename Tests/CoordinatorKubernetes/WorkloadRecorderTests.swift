import ClusterTesting
import CoordinatorCore
import KubernetesClient
import Logging
import Model
import Testing

@testable import CoordinatorKubernetes

private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Runs `body` beside a recorder that asks a test API server.
private func withRecorder(
  rights: [TestUser.Rule]? = nil,
  _ body: @escaping @Sendable (APIServer, FakeStore) async throws -> Void
) async throws {
  let api = APIServer(users: ["t": TestUser("coordinator", rules: rights)])
  await api.put(owned(.replicaSets, "orders-1", by: ("Deployment", "orders")), as: .replicaSets)
  await api.put(owned(.pods, "orders-1-a", by: ("ReplicaSet", "orders-1")), as: .pods)
  let store = FakeStore()
  try await TestCluster.with(api) { cluster in
    try await KubernetesClient.with(try cluster.access(token: "t"), logger: logger) { client in
      let recorder = WorkloadRecorder(
        client: client, store: store, pace: .milliseconds(20), logger: logger)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await recorder.run() }
        try await body(api, store)
        group.cancelAll()
      }
    }
  }
}

struct `Recording what pods belong to` {
  private static let first = ["uid-Pod-orders-1-a": "Deployment/orders"]

  @Test func `follows the cluster, and keeps what is gone`() async throws {
    try await withRecorder { api, store in
      try await store.expect(Self.first)
      await api.finish(.pods, "orders-1-a", in: "shop")
      await api.put(owned(.pods, "db-0", by: ("StatefulSet", "db")), as: .pods)
      let both = Self.first.merging(["uid-Pod-db-0": "StatefulSet/db"]) { $1 }
      try await store.expect(both)
    }
  }

  @Test func `survives a server that goes away and forgets`() async throws {
    try await withRecorder { api, store in
      try await store.expect(Self.first)
      await api.inject(Fault(.drop, times: 8))
      await api.compact()
      await api.put(owned(.pods, "db-0", by: ("StatefulSet", "db")), as: .pods)
      let both = Self.first.merging(["uid-Pod-db-0": "StatefulSet/db"]) { $1 }
      try await store.expect(both)
    }
  }

  @Test func `tells again what the catalog had no room for`() async throws {
    try await withRecorder { api, store in
      try await store.expect(Self.first)
      store.refuse(3)
      await api.put(owned(.pods, "db-0", by: ("StatefulSet", "db")), as: .pods)
      let both = Self.first.merging(["uid-Pod-db-0": "StatefulSet/db"]) { $1 }
      try await store.expect(both)
    }
  }

  @Test func `tells owners without the right to look at volumes and namespaces`() async throws {
    let rights = [
      TestUser.Rule(["list", "watch"], ["pods"]),
      TestUser.Rule(["list", "watch"], group: "apps", ["replicasets"]),
      TestUser.Rule(["list", "watch"], group: "batch", ["jobs"]),
    ]
    try await withRecorder(rights: rights) { _, store in try await store.expect(Self.first) }
  }

  @Test func `tells no owner that the right to look at ReplicaSets would put right`() async throws {
    let rights = [TestUser.Rule(["list", "watch"], ["pods"])]
    try await withRecorder(rights: rights) { api, store in
      let deadline = ContinuousClock.now + .seconds(60)
      while await api.received().count < 12, ContinuousClock.now < deadline {
        try await Task.sleep(for: .milliseconds(10))
      }
      try await store.expect([:])
    }
  }

  /// The rights that the manifests give, so that none is missing there.
  @Test func `needs no more than to list and watch six types`() async throws {
    let rights = [
      TestUser.Rule(
        ["list", "watch"],
        ["pods", "namespaces", "persistentvolumeclaims", "persistentvolumes"]),
      TestUser.Rule(["list", "watch"], group: "apps", ["replicasets"]),
      TestUser.Rule(["list", "watch"], group: "batch", ["jobs"]),
    ]
    try await withRecorder(rights: rights) { _, store in
      try await store.expect(Self.first)
    }
  }
}
