import ClusterTesting
import CoordinatorCore
import KubernetesClient
import Logging
import Model
import PlanImport
import Testing

@testable import CoordinatorKubernetes

private let consent = ["stillpoint.dev/import-hooks": "true"]

private func namespace(_ name: String = "shop", _ annotations: [String: String] = consent)
  -> KubernetesObject
{
  KubernetesObject(.namespaces, name: name, annotations: annotations)
}

/// A pod that Velero would freeze; with `replica` one more of the same labels.
private func pod(
  _ name: String, in namespace: String = "shop", replica: String = "", command: String? = nil
) -> KubernetesObject {
  KubernetesObject(
    .pods, name: name + replica, namespace: namespace, labels: ["app": name],
    annotations: [
      "pre.hook.backup.velero.io/command": command ?? #"["fsfreeze","--freeze","/data"]"#
    ],
    fields: [
      "spec": [
        "containers": [
          [
            "name": "app", "image": "app:1", "env": [["name": "PASSWORD", "value": "secret"]],
            "volumeMounts": [["name": "data", "mountPath": "/data"]],
          ]
        ],
        "volumes": [
          ["name": "data", "persistentVolumeClaim": ["claimName": .string("data-\(name)")]]
        ],
      ], "status": ["phase": "Running", "podIP": "10.0.0.1"],
    ])
}

private func orders(
  _ pods: [KubernetesObject]?, _ records: [PlanRecord] = [],
  in place: KubernetesObject? = namespace()
) -> [AnnotatedPlans.Order] {
  AnnotatedPlans.orders(
    place.map { [AnnotatedPlans.Watched($0, pods: pods)] } ?? [], records: records)
}

/// What is stored once the plan of these pods was applied by `author`.
private func record(
  _ pods: [KubernetesObject], by author: String = PlanOwner.author(annotationsOf: "shop")
) throws -> PlanRecord {
  guard case .apply(let imported, "shop", losing: [])? = orders(pods).first else {
    throw OperationError(.invalid, "no plan")
  }
  return PlanRecord(
    plan: imported.plan, source: imported.text, revision: 1, appliedAt: Sample.now,
    appliedBy: author)
}

struct `The plan of a namespace's annotated pods` {
  @Test func `is made once, and again when they change`() throws {
    let web = try record([pod("web")])
    #expect(web.plan.name.text == "hooks.shop")
    #expect(web.plan.services.map(\.selector.namespace) == ["shop"])
    #expect(orders([pod("web")], [web]) == [])
    guard
      case .apply(let larger, "shop", losing: [])? = orders([pod("db"), pod("web")], [web]).first
    else {
      Issue.record("the plan did not grow")
      return
    }
    #expect(larger.plan.services.map(\.name.text) == ["db", "web"])
  }

  @Test func `is not made without the word that consents`() {
    for annotations in [[:], ["stillpoint.dev/import-hooks": "yes"]] {
      #expect(!AnnotatedPlans.consents(namespace("shop", annotations)))
      #expect(orders([pod("web")], in: namespace("shop", annotations)) == [])
    }
    var ending = namespace()
    ending["metadata", "deletionTimestamp"] = "2026-01-01T00:00:00Z"
    #expect(AnnotatedPlans.consents(namespace()) && !AnnotatedPlans.consents(ending))
  }

  @Test func `says which services it would lose`() throws {
    let both = try record([pod("db"), pod("web")])
    guard case .apply(_, "shop", let losing)? = orders([pod("web")], [both]).first else {
      Issue.record("no order")
      return
    }
    #expect(losing.map(\.text) == ["db"])
  }

  @Test func `goes with the consent and the namespace, and not with pods that are not there`()
    throws
  {
    let web = try record([pod("web")])
    let gone = AnnotatedPlans.Order.delete(web.plan.name, author: web.appliedBy)
    #expect(orders(nil, [web], in: nil) == [gone])
    #expect(orders([], [web]) == [])
    #expect(orders(nil, [web]) == [])
  }

  @Test(arguments: ["ann", PlanOwner.author(namespace: "shop", name: "hooks")])
  func `never replaces or deletes one that somebody wrote`(author: String) throws {
    let theirs = try record([pod("web")], by: author)
    guard case .report(let event, in: "shop")? = orders([pod("db")], [theirs]).first else {
      Issue.record("no report")
      return
    }
    #expect(event.reason == "Conflict")
    #expect(orders(nil, [theirs], in: nil) == [])
  }

  @Test func `is not changed by what cannot be read, which is told`() throws {
    let web = try record([pod("web")])
    let unknown = ["stillpoint.dev/import-hooks": "true", "stillpoint.dev/environment": "prod"]
    let told = orders([pod("web")], [web], in: namespace("shop", unknown))
    guard case .report(let event, in: "shop")? = told.first, told.count == 1 else {
      Issue.record("\(told)")
      return
    }
    #expect(event.reason == "HooksNotRead")
    #expect(event.message.contains("expected one of development"))
  }

  @Test func `tells what it could not carry over`() throws {
    let told = orders([pod("web", replica: "-1"), pod("web", replica: "-2")])
    guard case .report(let event, in: "shop")? = told.first else {
      Issue.record("\(told)")
      return
    }
    #expect(event.reason == "HooksLost")
    #expect(event.message.contains("more pods than one have these labels"))
  }

  @Test func `is made without looking at a container's environment`() {
    let kept = AnnotatedPlans.trimmed(pod("web")).value.description
    #expect(!kept.contains("secret") && !kept.contains("podIP"))
    #expect(kept.contains("/data") && kept.contains("Running"))
  }
}

// MARK: - Beside a test API server

private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Runs `body` beside a shell that looks every 20 ms and drops services after five looks.
private func withShell(
  patience: Int = 5,
  _ body: @escaping @Sendable (APIServer, FakeOperations) async throws -> Void
) async throws {
  let api = APIServer()
  await api.put(namespace(), as: .namespaces)
  await api.put(namespace("far", [:]), as: .namespaces)
  await api.put(pod("web"), as: .pods)
  await api.put(pod("db", in: "far"), as: .pods)
  let fleet = FakeOperations()
  try await TestCluster.with(api) { cluster in
    try await KubernetesClient.with(
      try cluster.access(), options: ClientOptions(), logger: logger
    ) { client in
      let shell = AnnotatedPlanShell(
        client: client, plans: fleet, clock: ContinuousClock(), patience: patience, logger: logger)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await shell.run(every: .milliseconds(20)) }
        try await body(api, fleet)
        group.cancelAll()
      }
    }
  }
}

struct `Following annotated pods` {
  private func services(_ fleet: FakeOperations) async throws -> [String] {
    try await fleet.plans().flatMap { $0.plan.services.map(\.name.text) }
  }

  /// Expects that the only plan soon has these services.
  private func expect(
    _ expected: [String], _ fleet: FakeOperations,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    var found: [String] = []
    repeat {
      found = try await services(fleet)
      if found == expected { return }
      try await Task.sleep(for: .milliseconds(10))
    } while ContinuousClock.now < deadline
    #expect(found == expected, sourceLocation: sourceLocation)
  }

  @Test func `makes a plan where the namespace consents, and takes it away with the consent`()
    async throws
  {
    try await withShell { api, fleet in
      try await expect(["web"], fleet)
      let authors = try await fleet.plans().map(\.appliedBy)
      #expect(authors == ["kubernetes/shop"])
      await api.put(pod("db"), as: .pods)
      try await expect(["db", "web"], fleet)
      await api.finish(.pods, "db", in: "shop")
      try await expect(["web"], fleet)
      await api.edit(.namespaces, "shop") { $0.annotations = [:] }
      try await expect([], fleet)
    }
  }

  @Test func `keeps a service whose pod is away, and says so once`() async throws {
    try await withShell(patience: 100_000) { api, fleet in
      await api.put(pod("db"), as: .pods)
      try await expect(["db", "web"], fleet)
      await api.finish(.pods, "db", in: "shop")
      let deadline = ContinuousClock.now + .seconds(60)
      func told() async -> [KubernetesObject] {
        await api.objects(.events, in: "shop").filter { $0["reason"] == "Missing" }
      }
      while await told().isEmpty, ContinuousClock.now < deadline {
        try await Task.sleep(for: .milliseconds(10))
      }
      let before = await api.received().count
      while await api.received().count < before + 10, ContinuousClock.now < deadline {
        try await Task.sleep(for: .milliseconds(10))
      }
      let texts = await told().map { $0["message"]?.string ?? "" }
      #expect(texts.count == 1)
      #expect(
        texts.first?.hasPrefix("no annotated pod of db is there: plan hooks.shop stays") == true)
      let posts = await api.received().filter { $0.method == "POST" && $0.path.last == "events" }
      #expect(posts.count <= 3)
      try await expect(["db", "web"], fleet)
    }
  }

  @Test func `tells in the namespace what it did`() async throws {
    try await withShell { api, fleet in
      try await expect(["web"], fleet)
      let deadline = ContinuousClock.now + .seconds(60)
      while await api.objects(.events, in: "shop").isEmpty, ContinuousClock.now < deadline {
        try await Task.sleep(for: .milliseconds(10))
      }
      let events = await api.objects(.events, in: "shop")
      #expect(events.map { $0["reason"]?.string } == ["Applied"])
      #expect(events.first?["involvedObject", "kind"] == "Namespace")
      #expect(events.first?["involvedObject", "namespace"] == "shop")
    }
  }

  @Test func `changes nothing while pods cannot be listed`() async throws {
    try await withShell { api, fleet in
      try await expect(["web"], fleet)
      await api.inject(
        Fault(.refuse(Refusal(503, .serviceUnavailable, "away")), times: 20) {
          $0.path.last == "pods"
        })
      let before = await api.received().count
      let deadline = ContinuousClock.now + .seconds(60)
      while await api.received().count < before + 30, ContinuousClock.now < deadline {
        try await Task.sleep(for: .milliseconds(10))
      }
      let revisions = try await fleet.plans().map(\.revision)
      #expect(revisions == [1])
    }
  }

  @Test func `looks at no pods of namespaces that do not consent`() async throws {
    try await withShell { api, fleet in
      try await expect(["web"], fleet)
      let lists = await api.received().map { $0.path.joined(separator: "/") }
      #expect(lists.contains("api/v1/namespaces/shop/pods"))
      #expect(!lists.contains("api/v1/namespaces/far/pods") && !lists.contains("api/v1/pods"))
    }
  }
}
