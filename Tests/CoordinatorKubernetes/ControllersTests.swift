import ClusterTesting
import CoordinatorCore
import CutProtocol
import Foundation
import KubernetesClient
import Logging
import Model
import Testing
import Yams

@testable import CoordinatorKubernetes

/// The controllers beside a test API server that has the definitions of `deploy/kubernetes/crds`.
private struct Bench: Sendable {
  let api: APIServer
  let client: KubernetesClient
  let fleet: FakeOperations

  static func with(
    _ body: @escaping @Sendable (Bench) async throws -> Void
  ) async throws {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let api = APIServer()
    try await TestCluster.with(api) { cluster in
      try await KubernetesClient.with(try cluster.access(), logger: logger) { client in
        for name in ["backupplans", "backups", "restores"] {
          _ = try await client.create(try definition(name), as: .customResourceDefinitions)
        }
        _ = try await client.create(
          KubernetesObject(.namespaces, name: "production"), as: .namespaces)
        let fleet = FakeOperations()
        let controllers = ClusterControllers(
          client: client,
          operations: ClusterControllers.Operations(
            plans: fleet, backups: fleet, requests: fleet, restores: fleet), home: "stillpoint",
          resync: .milliseconds(200), logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask { await controllers.run() }
          try await body(Bench(api: api, client: client, fleet: fleet))
          group.cancelAll()
        }
      }
    }
  }

  private static func definition(_ name: String) throws -> KubernetesObject {
    let root = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(
      contentsOf: root.appending(path: "deploy/kubernetes/crds/\(name).yaml"), encoding: .utf8)
    let node = try #require(try Yams.compose(yaml: text))
    return try #require(KubernetesObject(json(node)))
  }

  private static func json(_ node: Node) -> JSONValue {
    switch node {
    case .mapping(let fields):
      .object(JSONObject(fields.map { ($0.key.string ?? "", json($0.value)) }))
    case .sequence(let elements): .array(elements.map { json($0) })
    default:
      node.bool.map { .bool($0) } ?? node.int.map { JSONValue(Int64($0)) }
        ?? .string(node.string ?? "")
    }
  }

  /// The object once `condition` holds for it.
  func wait(
    _ type: ResourceType, _ name: String,
    until condition: @escaping @Sendable (KubernetesObject?) -> Bool
  ) async throws -> KubernetesObject? {
    try await client.wait(for: type, name, in: "production", within: .seconds(30)) { object in
      condition(object) ? .some(object) : nil
    }
  }

  func phase(_ name: String, _ phase: String) async throws -> KubernetesObject? {
    try await wait(.backups, name) { $0?["status", "phase"]?.string == phase }
  }

  func createPlan() async throws {
    _ = try await client.create(Sample.plan(), as: .backupPlans)
    _ = try await wait(.backupPlans, "shop") { $0?.reason(of: "Ready") == "Applied" }
  }

  func createBackup(_ name: String) async throws {
    _ = try await client.create(
      KubernetesObject(
        .backups, name: name, namespace: "production", fields: ["spec": ["plan": "shop"]]),
      as: .backups)
  }
}

struct `Objects of a cluster` {
  @Test func `take one backup, tell how it goes, and take its snapshots with them`() async throws {
    try await Bench.with { bench in
      try await bench.createPlan()
      try await bench.createBackup("first")
      let running = try await bench.phase("first", "Running")
      #expect(running?["status", "message"] == "0 of 1 held")
      #expect(running?.finalizers == [Mark.finalizer])
      let id = try BackupID(try #require(running?["status", "backup"]?.string))
      bench.fleet.end(id, .applicationConsistent)
      let ended = try await bench.phase("first", "Completed")
      #expect(ended?["status", "grade"] == "application-consistent")
      #expect(ended?["status", "meetsPlan"] == true)
      #expect(bench.fleet.started == 1)
      let plan = try await bench.wait(.backupPlans, "shop") {
        $0?["status", "lastBackup"]?.string == id.text
      }
      #expect(plan?["status", "plan"] == "shop.production")
      _ = try await bench.client.delete(.backups, "first", in: "production")
      _ = try await bench.wait(.backups, "first") { $0 == nil }
      #expect(bench.fleet.deleted == [id])
      let events = await bench.api.objects(.events, in: "production").map { $0["reason"]?.string }
      #expect(Set(events).isSuperset(of: ["Applied", "Started", "Committed"]))
    }
  }

  @Test func `show what was taken elsewhere, and go with it`() async throws {
    try await Bench.with { bench in
      try await bench.createPlan()
      let id = try await bench.fleet.createBackup(of: PlanName("shop.production"), author: "ann")
      bench.fleet.end(id, .crashConsistent)
      let shown = try await bench.phase(id.text, "Completed")
      #expect(shown?["status", "meetsPlan"] == false)
      try await bench.fleet.deleteBackup(id, author: "ann")
      _ = try await bench.wait(.backups, id.text) { $0 == nil }
    }
  }

  @Test func `that are wrong say where, and are put right by a change`() async throws {
    try await Bench.with { bench in
      _ = try await bench.client.create(
        Sample.plan(selector: ["app": "orders", "namespace": "other"]), as: .backupPlans)
      _ = try await bench.wait(.backupPlans, "shop") {
        $0?.reason(of: "Ready") == "OtherNamespace"
      }
      _ = try await bench.client.patch(
        .backupPlans, "shop", in: "production",
        merging: [
          "spec": ["services": [["name": "orders", "selector": ["app": "orders"]]]]
        ])
      _ = try await bench.wait(.backupPlans, "shop") { $0?.reason(of: "Ready") == "Applied" }
      _ = try await bench.client.delete(.backupPlans, "shop", in: "production")
      try await bench.fleet.wait { $0.isEmpty }
    }
  }

  @Test func `have no say in a plan of operators that selects elsewhere, and in its backups`()
    async throws
  {
    try await Bench.with { bench in
      let name = try PlanName("shop.production")
      let object = Sample.plan(selector: ["app": "orders", "namespace": "other"])
      let foreign = try PlanController(home: "production").plan(of: object).get()
      _ = try await bench.fleet.applyPlan(foreign, source: "", author: "ann")
      bench.fleet.setMembers(in: "other")
      let shown = try await bench.fleet.createBackup(of: name, author: "ann")
      bench.fleet.end(shown, .applicationConsistent)
      // Its object would give its writer the backup: the name of another namespace's plan is no right to it.
      var forged = KubernetesObject(
        .backups, name: shown.text, namespace: "production", labels: [Mark.origin: Mark.fleet],
        fields: ["spec": ["plan": "shop", "deletionPolicy": "Delete"]])
      forged["metadata", "finalizers"] = [.string(Mark.finalizer)]
      _ = try await bench.client.create(forged, as: .backups)
      _ = try await bench.wait(.backups, shown.text) { $0 == nil }
      try await bench.createBackup("first")
      let refused = try await bench.wait(.backups, "first") {
        $0?["status", "message"]?.string?.contains("selects in namespace 'other'") == true
      }
      #expect(refused?["status", "phase"] == "Pending")
      #expect(bench.fleet.started == 1)
      #expect(bench.fleet.deleted.isEmpty)
    }
  }

  @Test func `restore no backup that has services of another namespace`() async throws {
    try await Bench.with { bench in
      try await bench.createPlan()
      bench.fleet.setMembers(in: "other")
      try await bench.createBackup("first")
      let running = try await bench.phase("first", "Running")
      bench.fleet.end(
        try BackupID(try #require(running?["status", "backup"]?.string)), .applicationConsistent)
      _ = try await bench.phase("first", "Completed")
      _ = try await bench.client.create(
        KubernetesObject(
          .restores, name: "back", namespace: "production", fields: ["spec": ["backup": "first"]]),
        as: .restores)
      let failed = try await bench.wait(.restores, "back") {
        $0?["status", "phase"]?.string == "Failed"
      }
      #expect(
        failed?["status", "message"]?.string?.contains("has services in namespace 'other'") == true)
    }
  }

  @Test func `survive a server that refuses, goes silent and forgets`() async throws {
    try await Bench.with { bench in
      try await bench.createPlan()
      await bench.api.inject(
        Fault(.refuse(.tooManyRequests(retryAfter: 1)), times: 3) { $0.method == "PATCH" })
      await bench.api.inject(Fault(.drop, times: 4))
      await bench.api.compact()
      try await bench.createBackupEventually("first")
      let running = try await bench.phase("first", "Running")
      let id = try BackupID(try #require(running?["status", "backup"]?.string))
      await bench.api.inject(Fault(.dropAfterwards, times: 3) { $0.method == "PATCH" })
      bench.fleet.end(id, .applicationConsistent)
      _ = try await bench.phase("first", "Completed")
      #expect(bench.fleet.started == 1)
    }
  }
}

extension Bench {
  /// The server may drop this request as well.
  fileprivate func createBackupEventually(_ name: String) async throws {
    for _ in 0..<10 {
      do {
        return try await createBackup(name)
      } catch let error as KubernetesError where error.isTransient || error.isAlreadyExists {
        if error.isAlreadyExists { return }
      }
    }
    Issue.record("the server took no Backup")
  }
}
