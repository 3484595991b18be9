import AgentCore
import Catalog
import ClusterTesting
import CoordinatorCore
import Foundation
import KubernetesClient
import Logging
import Model
import Testing

@testable import CoordinatorKubernetes

private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A container as an agent finds it without asking a cluster.
private func found(_ pod: String, in namespace: String, labels: [String: String]) throws
  -> Placement
{
  let id = try ContainerID("c-\(namespace)-\(pod)")
  let container = ObservedContainer(
    id: id, name: "app", pod: pod, podUID: "uid-\(namespace)-\(pod)", namespace: namespace,
    image: "i", imageDigest: "", labels: labels, mounts: [], startedAt: .now(),
    state: .running(pid: 7))
  return Placement(
    node: try NodeID("node-1"), service: ServiceName(of: container), container: id,
    containerName: "app", pod: pod, podUID: container.podUID, namespace: namespace, image: "i",
    imageDigest: "", labels: labels, mounts: [], pid: 7, startedAt: container.startedAt)
}

private func pod(_ name: String, in namespace: String, by controller: (kind: String, name: String))
  -> KubernetesObject
{
  var object = owned(.pods, name, by: controller)
  object["metadata", "namespace"] = .string(namespace)
  object["metadata", "uid"] = .string("uid-\(namespace)-\(name)")
  return object
}

struct `Services whose containers were found while the API server was away` {
  @Test func `have sensible names at once, and their true ones once it answers`() async throws {
    let path = FileManager.default.temporaryDirectory.appending(
      path: "service-names-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: path, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: path) }
    let catalog = try Catalog(path: path.path + "/catalog")
    let postgres = ["app": "postgres"]
    let placements = [
      try found(
        "orders-7d4b9c-x2x5z", in: "shop", labels: ["pod-template-hash": "7d4b9c", "app": "shop"]),
      try found("ledger-0", in: "shop", labels: postgres),
      try found("ledger-0", in: "stage", labels: postgres),
      try found("index-0", in: "shop", labels: postgres),
      try found("alone", in: "shop", labels: [:]),
    ]
    try await catalog.enrolled(
      try NodeID("node-1"), publicKeyHash: Data(repeating: 1, count: 32), at: .now())
    _ = try await catalog.apply(
      placements.enumerated().map { index, placement in
        PlacementRecord(
          sequence: UInt64(index + 1), time: placement.startedAt, change: .started(placement))
      }, journal: "j", of: try NodeID("node-1"))
    let before = try await catalog.services().map(\.id.description)
    #expect(before == ["app.shop", "orders.shop", "postgres.shop", "postgres.stage"])

    let api = APIServer(users: ["t": TestUser("coordinator")])
    await api.put(
      owned(.replicaSets, "orders-7d4b9c", by: ("Deployment", "orders")), as: .replicaSets)
    for object in [
      pod("orders-7d4b9c-x2x5z", in: "shop", by: ("ReplicaSet", "orders-7d4b9c")),
      pod("ledger-0", in: "shop", by: ("StatefulSet", "ledger")),
      pod("ledger-0", in: "stage", by: ("StatefulSet", "ledger")),
      pod("index-0", in: "shop", by: ("StatefulSet", "index")),
    ] { await api.put(object, as: .pods) }
    var alone = KubernetesObject(.pods, name: "alone", namespace: "shop")
    alone["metadata", "uid"] = "uid-shop-alone"
    await api.put(alone, as: .pods)
    await api.inject(Fault(.drop, times: 12))
    let wanted = ["alone.shop", "index.shop", "ledger.shop", "ledger.stage", "orders.shop"]
    try await TestCluster.with(api) { cluster in
      try await KubernetesClient.with(try cluster.access(token: "t"), logger: logger) { client in
        let recorder = WorkloadRecorder(
          client: client, store: catalog, pace: .milliseconds(20), logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask { await recorder.run() }
          let deadline = ContinuousClock.now + .seconds(60)
          while try await catalog.services().map(\.id.description) != wanted,
            ContinuousClock.now < deadline
          {
            try await Task.sleep(for: .milliseconds(20))
          }
          group.cancelAll()
        }
      }
    }
    let services = try await catalog.services()
    #expect(services.map(\.id.description) == wanted)
    #expect(
      services.map(\.newest.placement.workload?.owner)
        == [
          "Pod/alone", "StatefulSet/index", "StatefulSet/ledger", "StatefulSet/ledger",
          "Deployment/orders",
        ])
    // No placement was rewritten: the agent's word is still there.
    #expect(
      services.map(\.newest.placement.service.text) == [
        "app", "postgres", "postgres", "postgres", "orders",
      ])
    try catalog.close()
  }
}
