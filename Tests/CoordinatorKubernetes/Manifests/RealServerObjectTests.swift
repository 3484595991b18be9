import ClusterTesting
import CoordinatorCore
import CutProtocol
import Foundation
import KubernetesClient
import Logging
import Model
import Synchronization
import Testing

@testable import CoordinatorKubernetes

private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// What one capture kept.
private final class Keeper: Sendable {
  private let all = Mutex<[BackupManifest]>([])
  var manifests: [BackupManifest] { all.withLock { $0 } }
  func add(_ manifests: [BackupManifest]) { all.withLock { $0 += manifests } }
}

/// A Kubernetes API server: what it fills in is taken away, and it takes back what is left.
@Suite(.enabled(if: RealServer.isGiven, Comment(rawValue: RealServer.why)), .serialized)
struct KubernetesRealServerObjectTests {
  private func capture(
    _ client: KubernetesClient, _ namespace: String,
    during cut: @Sendable () async throws -> Void = {}
  ) async throws -> (ManifestSummary, [BackupManifest], before: Duration) {
    let (session, clock, kept) = (ManifestSession(), BootClock(), Keeper())
    let source = ClusterManifests(client: client, clock: clock, logger: logger)
    let request = ManifestRequest(
      backup: try BackupID("b1"), namespaces: [namespace], rules: ManifestRules())
    let began = clock.now()
    async let summary = source.capture(request, beside: session) {
      (manifests) throws(CatalogError) in kept.add(manifests)
    }
    await session.waitForListing(until: clock.now() + .seconds(60), clock)
    let before = clock.now() - began
    let witness = clock.now()...clock.now()
    try await cut()
    session.cutEnded(witness)
    return (await summary, kept.manifests, before)
  }

  private func stock(_ client: KubernetesClient) async throws {
    let template: JSONValue = [
      "metadata": ["labels": ["app": "web"]],
      "spec": [
        "nodeSelector": ["stillpoint.dev/nowhere": "true"],
        "containers": [["name": "app", "image": "nowhere.invalid/app:1"]],
      ],
    ]
    let selector: JSONValue = ["matchLabels": ["app": "web"]]
    let claim: JSONValue = [
      "accessModes": ["ReadWriteOnce"], "storageClassName": "nowhere",
      "resources": ["requests": ["storage": "1Mi"]],
    ]
    func rbac(_ kind: String, _ plural: String) -> ResourceType {
      ResourceType(
        group: "rbac.authorization.k8s.io", version: "v1", kind: kind, plural: plural,
        namespaced: true)
    }
    let objects: [(ResourceType, String, JSONObject)] = [
      (.serviceAccounts, "web", [:]), (.configMaps, "settings", ["data": ["a": "1.0"]]),
      (.secrets, "password", ["data": ["p": "eA=="]]),
      (
        rbac("Role", "roles"), "reader",
        ["rules": [["apiGroups": [""], "resources": ["pods"], "verbs": ["get"]]]]
      ),
      (
        rbac("RoleBinding", "rolebindings"), "reader",
        [
          "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"],
          "subjects": [
            ["kind": "ServiceAccount", "name": "web", "namespace": .string(client.namespace)]
          ],
        ]
      ),
      (.persistentVolumeClaims, "data", ["spec": claim]),
      (
        .services, "web",
        ["spec": ["type": "NodePort", "selector": ["app": "web"], "ports": [["port": 80]]]]
      ),
      (
        .deployments, "web",
        ["spec": ["replicas": 2, "selector": selector, "template": template]]
      ),
      (
        .statefulSets, "db",
        ["spec": ["serviceName": "web", "replicas": 1, "selector": selector, "template": template]]
      ),
      (
        .cronJobs, "report",
        [
          "spec": [
            "schedule": "0 0 1 1 *",
            "jobTemplate": [
              "spec": [
                "template": [
                  "spec": [
                    "restartPolicy": "Never",
                    "containers": [["name": "app", "image": "nowhere.invalid/app:1"]],
                  ]
                ]
              ]
            ],
          ]
        ]
      ),
    ]
    for (type, name, fields) in objects {
      _ = try await client.create(
        KubernetesObject(type, name: name, namespace: client.namespace, fields: fields), as: type)
    }
  }

  @Test func `the objects of a namespace are proved, restored into another, and the same there`()
    async throws
  {
    try await RealServer.with { client, source in
      try await stock(client)
      let (summary, manifests, before) = try await capture(client, source)
      #expect(summary.state == .complete, "\(summary.sentence)")
      let names = Set(manifests.map { "\($0.resource) \($0.name)" })
      #expect(
        names.isSuperset(of: [
          "namespaces \(source)", "deployments.apps web", "statefulsets.apps db", "services web",
          "configmaps settings", "secrets password", "roles.rbac.authorization.k8s.io reader",
          "rolebindings.rbac.authorization.k8s.io reader", "persistentvolumeclaims data",
          "cronjobs.batch report", "serviceaccounts web",
        ]), "\(names)")
      #expect(!names.contains { $0.hasPrefix("pods") || $0.hasPrefix("replicasets") })
      print("listing \(source) took \(before), found \(summary.sentence)")
      try await RealServer.with { other, target in
        let job = ObjectRestoreJob(
          restore: try RestoreID("r1"), backup: try BackupID("b1"),
          order: ObjectRestoreOrder(namespaces: [source: target], start: false), services: [],
          manifests: manifests, snapshots: [])
        let restorer = ClusterRestorer(client: other, hooks: FakeHooks(), logger: logger)
        try await restorer.perform(job) { _ in }
        // Once more, as after a crash.
        try await restorer.perform(job) { _ in }
        let (_, restored, _) = try await capture(other, target)
        let wanted = try RestoreItems(job).all().filter { $0.stage != .namespaces }
        for item in wanted where item.object.name != "default" {
          let found = restored.first {
            $0.resource == "\(item.type)" && $0.name == item.object.name
          }
          let manifest = try #require(found, "\(item.type) \(item.object.name)")
          #expect(
            try RestoreItems.object(manifest) == item.object,
            "\(item.object.value) came back as \(String(decoding: manifest.content, as: UTF8.self))"
          )
        }
      }
    }
  }

  @Test func `an object that changes around the witness is not proved, the others are`()
    async throws
  {
    try await RealServer.with { client, namespace in
      for name in ["one", "two"] {
        _ = try await client.create(RealServer.map(name, ["a": "before"]), as: .configMaps)
      }
      let (_, manifests, _) = try await capture(client, namespace) {
        _ = try await client.patch(.configMaps, "one", merging: ["data": ["a": "after"]])
        _ = try await client.create(RealServer.map("three"), as: .configMaps)
      }
      let standings = Dictionary(
        manifests.filter { $0.resource == "configmaps" }.map { ($0.name, $0.standing) }
      ) { $1 }
      #expect(standings == ["one": .changed, "two": .atWitness, "three": .appeared])
      let one = try #require(manifests.first { $0.name == "one" })
      #expect(try RestoreItems.object(one)["data", "a"] == "before")
    }
  }
}
