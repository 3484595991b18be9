import ClusterTesting
import CoordinatorCore
import KubernetesClient
import Logging
import Model
import Testing

@testable import CoordinatorKubernetes

private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Of a pod that no node takes, so that nothing runs because of a test.
private func podSpec(claim: String) -> JSONValue {
  [
    "nodeSelector": ["stillpoint.dev/nowhere": "true"],
    "containers": [
      [
        "name": "app", "image": "nowhere.invalid/app:1",
        "volumeMounts": [["name": "data", "mountPath": "/data"]],
      ]
    ],
    "volumes": [["name": "data", "persistentVolumeClaim": ["claimName": .string(claim)]]],
  ]
}

/// A Kubernetes API server with its controllers.
@Suite(.enabled(if: RealServer.isGiven, Comment(rawValue: RealServer.why)), .serialized)
struct KubernetesRealServerWorkloadTests {
  @Test func `a pod that a Deployment's ReplicaSet made is recorded as the Deployment's`()
    async throws
  {
    try await RealServer.with { client, namespace in
      _ = try await client.create(
        KubernetesObject(
          .persistentVolumeClaims, name: "data",
          fields: [
            "spec": [
              "accessModes": ["ReadWriteOnce"], "storageClassName": "nowhere",
              "resources": ["requests": ["storage": "1Mi"]],
            ]
          ]), as: .persistentVolumeClaims)
      _ = try await client.create(
        KubernetesObject(
          .deployments, name: "web",
          fields: [
            "spec": [
              "replicas": 1, "selector": ["matchLabels": ["app": "web"]],
              "template": [
                "metadata": ["labels": ["app": "web"]], "spec": podSpec(claim: "data"),
              ],
            ]
          ]), as: .deployments)
      let store = FakeStore()
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          await WorkloadRecorder(client: client, store: store, logger: logger).run()
        }
        let deadline = ContinuousClock.now + .seconds(60)
        var found: [Workload] = []
        while found.isEmpty, ContinuousClock.now < deadline {
          try await Task.sleep(for: .milliseconds(50))
          found = store.workloads.values.filter {
            $0.namespaceLabels["kubernetes.io/metadata.name"] == namespace
          }
        }
        #expect(
          found == [
            Workload(
              owner: "Deployment/web", claims: [Workload.Claim(name: "data")],
              namespaceLabels: ["kubernetes.io/metadata.name": namespace])
          ])
        group.cancelAll()
      }
    }
  }

  @Test func `annotated pods make a plan where their namespace consents, which an event tells`()
    async throws
  {
    try await RealServer.with(annotations: ["stillpoint.dev/import-hooks": "true"]) {
      client, namespace in
      let pod = KubernetesObject(
        .pods, name: "web", namespace: namespace, labels: ["app": "web"],
        annotations: ["pre.hook.backup.velero.io/command": #"["fsfreeze","--freeze","/data"]"#],
        fields: ["spec": podSpec(claim: "data")])
      try await eventually { _ = try await client.create(pod, as: .pods) }
      let fleet = FakeOperations()
      let shell = AnnotatedPlanShell(
        client: client, plans: fleet, clock: ContinuousClock(), logger: logger)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await shell.run(every: .milliseconds(200)) }
        try await fleet.wait { !$0.isEmpty }
        let plans = try await fleet.plans().map(\.plan)
        #expect(plans.map(\.name.text) == ["hooks.\(namespace)"])
        #expect(plans.map(\.services).map { $0.map(\.selector.namespace) } == [[namespace]])
        try await eventually {
          let reasons = try await client.list(.events, in: namespace).items.filter {
            $0["involvedObject", "kind"] == "Namespace"
          }
          // A requirement would be an issue already, whatever a later look finds.
          guard reasons.map({ $0["reason"]?.string }) == ["Applied"] else { throw NotYet() }
        }
        group.cancelAll()
      }
    }
  }

  private struct NotYet: Error {}

  /// A namespace's service account, and what is to be seen, come a moment later.
  private func eventually(_ body: () async throws -> Void) async throws {
    for _ in 0..<100 {
      if (try? await body()) != nil { return }
      try await Task.sleep(for: .milliseconds(100))
    }
    try await body()
  }
}
