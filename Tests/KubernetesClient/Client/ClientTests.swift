import ClusterTesting
import Foundation
import KubernetesClient
import Logging
import Synchronization
import Testing

/// The client against the test server, over plain HTTP unless the claim is about TLS.
@Suite struct KubernetesClientTests {
  static func with(
    _ api: APIServer = APIServer(), options: ClientOptions = ClientOptions(),
    _ body: @escaping @Sendable (KubernetesClient, APIServer) async throws -> Void
  ) async throws {
    try await TestCluster.with(api) { cluster in
      try await KubernetesClient.with(
        cluster.access(), options: options, logger: Logger(label: "test")
      ) { try await body($0, cluster.api) }
    }
  }

  static func wait(_ what: String, _ condition: () async -> Bool) async throws {
    for _ in 0..<3000 {
      if await condition() { return }
      try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("waited in vain for \(what)")
  }

  static func map(_ name: String, _ data: [String: String] = [:]) -> KubernetesObject {
    KubernetesObject(
      .configMaps, name: name, namespace: "default", fields: ["data": JSONValue(data)])
  }

  @Test func `an object is created, read, patched, replaced and deleted`() async throws {
    try await Self.with { client, _ in
      let made = try await client.create(Self.map("one", ["a": "1", "b": "2"]), as: .configMaps)
      let read = try await client.get(.configMaps, "one")
      #expect(read == made)
      let patched = try await client.patch(
        .configMaps, "one", merging: ["data": ["a": "3", "b": nil]])
      #expect(patched["data"] == ["a": "3"])
      await #expect(throws: KubernetesError.self) {
        try await client.replace(made, as: .configMaps)
      }
      var next = patched
      next["data"] = ["c": "4"]
      let replaced = try await client.replace(next, as: .configMaps)
      #expect(replaced["data"] == ["c": "4"])
      let deletion = try await client.delete(.configMaps, "one")
      #expect(deletion == .gone)
      let left = try await client.find(.configMaps, "one")
      #expect(left == nil)
    }
  }

  @Test func `refusals carry the API's reason`() async throws {
    try await Self.with { client, _ in
      _ = try await client.create(Self.map("one"), as: .configMaps)
      let twice = await #expect(throws: KubernetesError.self) {
        try await client.create(Self.map("one"), as: .configMaps)
      }
      #expect(twice?.isAlreadyExists == true)
      let missing = await #expect(throws: KubernetesError.self) {
        try await client.get(.configMaps, "none")
      }
      #expect(missing?.isNotFound == true)
      let other = await #expect(throws: KubernetesError.self) {
        try await client.delete(
          .configMaps, "one", preconditions: .init(uid: "00000000-0000-0000-0000-000000000000"))
      }
      #expect(other?.isConflict == true)
      let left = try await client.find(.configMaps, "one")
      #expect(left != nil)
      let path = await #expect(throws: KubernetesError.self) {
        try await client.get(.configMaps, "..")
      }
      #expect(path?.code == .input)
    }
  }

  @Test func `rights are asked for and missing ones named`() async throws {
    let api = APIServer(users: [
      "agent": TestUser("agent", rules: [.init(["get"], ["persistentvolumes"])])
    ])
    try await TestCluster.with(api) { cluster in
      try await KubernetesClient.with(
        cluster.access(token: "agent"), logger: Logger(label: "test")
      ) { client in
        let granted = try await client.mayI("get", .persistentVolumes)
        #expect(granted.isAllowed)
        let withheld = try await client.mayI("list", .secrets, in: "default")
        #expect(!withheld.isAllowed)
        let error = await #expect(throws: KubernetesError.self) {
          try await client.list(.secrets, in: "default")
        }
        #expect(error?.isForbidden == true)
        #expect(error?.hint?.contains("Role") == true)
      }
    }
  }

  @Test func `lists are whole, page after page, and begun anew when they expire`() async throws {
    var options = ClientOptions()
    options.pageSize = 3
    try await Self.with(options: options) { client, api in
      for index in 0..<10 { await api.put(Self.map("m\(index)"), as: .configMaps) }
      let list = try await client.list(.configMaps, in: "default")
      #expect(list.items.map(\.name) == (0..<10).map { "m\($0)" })
      let first = try await client.page(.configMaps, in: "default")
      await api.compact()
      let error = await #expect(throws: KubernetesError.self) {
        try await client.page(.configMaps, in: "default", next: first.next)
      }
      #expect(error?.isExpired == true)
      await api.inject(
        Fault(.refuse(Refusal(410, .expired, "too old")), times: 1) {
          $0.query["continue"] != nil
        })
      let anew = try await client.list(.configMaps, in: "default")
      #expect(anew.items.count == 10)
      // A server that never lets a second page through is asked for everything at once.
      await api.inject(
        Fault(.refuse(Refusal(410, .expired, "too old")), times: nil) {
          $0.query["continue"] != nil
        })
      let whole = try await client.list(.configMaps, in: "default")
      #expect(whole.items.count == 10)
    }
  }

  @Test func `selectors choose by labels and fields`() async throws {
    try await Self.with { client, api in
      for (name, app) in [("a", "x"), ("b", "y"), ("c", "")] {
        var object = Self.map(name)
        if !app.isEmpty { object.labels = ["app": app] }
        await api.put(object, as: .configMaps)
      }
      let chosen: [(ResourceSelector, [String])] = [
        (ResourceSelector(labels: [.equals("app", "x")]), ["a"]),
        (ResourceSelector(labels: [.notEquals("app", "x")]), ["b", "c"]),
        (ResourceSelector(labels: [.oneOf("app", ["x", "y"])]), ["a", "b"]),
        (ResourceSelector(labels: [.noneOf("app", ["x"]), .exists("app")]), ["b"]),
        (ResourceSelector(labels: [.doesNotExist("app")]), ["c"]),
        (.named("b"), ["b"]),
      ]
      for (selector, names) in chosen {
        let list = try await client.list(.configMaps, matching: selector)
        #expect(list.items.map(\.name) == names)
      }
    }
  }

  @Test func `apply owns fields, conflicts, forces and gives up`() async throws {
    try await Self.with { client, _ in
      _ = try await client.apply(
        Self.map("cm", ["a": "1", "b": "1"]), as: .configMaps, manager: "one")
      let error = await #expect(throws: KubernetesError.self) {
        try await client.apply(Self.map("cm", ["a": "2"]), as: .configMaps, manager: "two")
      }
      #expect(error?.isConflict == true)
      #expect(error?.causes.map(\.field) == [".data.a"])
      let forced = try await client.apply(
        Self.map("cm", ["a": "2"]), as: .configMaps, manager: "two", force: true)
      #expect(forced["data"] == ["a": "2", "b": "1"])
      // What a manager no longer applies goes, when nobody else has it.
      let less = try await client.apply(
        KubernetesObject(.configMaps, name: "cm", namespace: "default"), as: .configMaps,
        manager: "one")
      #expect(less["data"] == ["a": "2"])
    }
  }

  @Test func `status and scale are written apart from the rest`() async throws {
    try await Self.with { client, api in
      await api.put(
        KubernetesObject(
          .deployments, name: "web", namespace: "default",
          fields: ["spec": ["replicas": 3], "status": ["replicas": 3]]), as: .deployments)
      _ = try await client.patch(
        .deployments, "web", merging: ["spec": ["paused": true], "status": ["replicas": 9]])
      let object = try await client.patchStatus(
        .deployments, "web", merging: ["readyReplicas": 2])
      #expect(object["status"] == ["replicas": 3, "readyReplicas": 2])
      #expect(object["spec", "paused"] == true)
      let scaled = try await client.scale(.deployments, "web", to: 0)
      #expect(scaled.wanted == 0)
      let scale = try await client.scale(.deployments, "web")
      #expect(scale.present == 3)
    }
  }

  @Test func `a server that says later is asked again, and told apart from a budget`() async throws
  {
    try await Self.with { client, api in
      await api.inject(Fault(.refuse(.tooManyRequests(retryAfter: 1)), times: 1))
      let start = ContinuousClock.now
      _ = try await client.list(.configMaps)
      #expect(ContinuousClock.now - start >= .seconds(1))
      await api.inject(Fault(.refuse(.tooManyRequests(retryAfter: 60)), times: 1))
      let error = await #expect(throws: KubernetesError.self) {
        try await client.with(.usual, timeout: .milliseconds(300)).list(.configMaps)
      }
      #expect(error?.code == .timedOut)
    }
  }

  @Test func `a silent server and a lost answer are told as what they are`() async throws {
    try await Self.with { client, api in
      await api.inject(Fault(.silence, times: 1) { $0.path.last == "default" })
      let silent = await #expect(throws: KubernetesError.self) {
        try await client.with(.usual, timeout: .milliseconds(300)).get(.namespaces, "default")
      }
      #expect(silent?.code == .timedOut)
      await api.inject(Fault(.dropAfterwards, times: 1) { $0.verb == "create" })
      let lost = await #expect(throws: KubernetesError.self) {
        try await client.create(Self.map("lost"), as: .configMaps)
      }
      #expect(lost?.code == .unreachable)
      let stored = try await client.find(.configMaps, "lost")
      #expect(stored != nil)
    }
    let nobody = KubernetesClient(
      ClusterAccess(server: ServerAddress(isSecure: false, host: "127.0.0.1", port: 1)),
      logger: Logger(label: "test"))
    let refused = await #expect(throws: KubernetesError.self) {
      try await nobody.get(.namespaces, "default")
    }
    #expect(refused?.code == .unreachable)
    await nobody.close()
  }

  @Test func `a request of a cut passes a jam of inventories`() async throws {
    var options = ClientOptions()
    options.inventory = .init(perSecond: 1, burst: 1, connections: 1)
    try await Self.with(options: options) { client, api in
      // No inventory is ever answered, so what waits behind one waits in vain.
      await api.inject(Fault(.silence, times: nil) { $0.verb == "list" })
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<5 {
          group.addTask {
            _ = try? await client.with(.inventory, timeout: .seconds(300)).list(.configMaps)
          }
        }
        try await Self.wait("the first inventory") { await !api.received().isEmpty }
        _ = try await client.with(.cut).create(Self.map("thaw"), as: .configMaps)
        let lists = await api.received().filter { $0.verb == "list" }
        #expect(lists.count == 1)
        group.cancelAll()
      }
    }
  }

  @Test func `answers beyond their bound are refused`() async throws {
    var options = ClientOptions()
    options.largestObject = 1000
    options.largestPage = 2000
    try await Self.with(options: options) { client, api in
      let long = String(repeating: "x", count: 3000)
      await api.put(Self.map("big", ["k": long]), as: .configMaps)
      let one = await #expect(throws: KubernetesError.self) {
        try await client.get(.configMaps, "big")
      }
      #expect(one?.code == .tooLarge)
      let page = await #expect(throws: KubernetesError.self) { try await client.list(.configMaps) }
      #expect(page?.code == .tooLarge)
    }
  }

  @Test(arguments: [true, false])
  func `discovery finds kinds in all versions, in both forms`(_ aggregated: Bool) async throws {
    try await Self.with { client, api in
      await api.setAggregatedDiscovery(aggregated)
      await api.setBroken(["apps"])
      let directory = try await client.discover()
      let groups = directory.versions(
        ofKind: "VolumeGroupSnapshot", group: "groupsnapshot.storage.k8s.io")
      #expect(groups.map(\.type.version) == ["v1", "v1beta2", "v1beta1"])
      #expect(directory.preferred.contains { $0.type == .persistentVolumeClaims })
      #expect(directory.unavailable == ["apps/v1"])
      let versions = try await client.versions(ofGroup: "groupsnapshot.storage.k8s.io")
      #expect(versions == ["v1", "v1beta2", "v1beta1"])
      let none = try await client.versions(ofGroup: "nope.example")
      #expect(none == [])
      let unserved = try await client.resources(group: "nope.example", version: "v1")
      #expect(unserved == nil)
    }
  }

  @Test func `a defined resource is served, pruned and validated`() async throws {
    try await Self.with { client, _ in
      let type = ResourceType(
        group: "example.dev", version: "v1", kind: "Box", plural: "boxes", namespaced: true)
      let schema: JSONValue = [
        "type": "object",
        "properties": [
          "spec": [
            "type": "object", "required": ["size"],
            "properties": [
              "size": ["type": "integer", "minimum": 1],
              "mode": ["type": "string", "enum": ["a", "b"]],
            ],
          ]
        ],
      ]
      _ = try await client.create(
        KubernetesObject(
          .customResourceDefinitions, name: "boxes.example.dev",
          fields: [
            "spec": [
              "group": "example.dev", "scope": "Namespaced",
              "names": ["kind": "Box", "plural": "boxes"],
              "versions": [
                [
                  "name": "v1", "served": true, "storage": true,
                  "schema": ["openAPIV3Schema": schema], "subresources": ["status": [:]],
                ]
              ],
            ]
          ]), as: .customResourceDefinitions)
      let box = try await client.create(
        KubernetesObject(
          type, name: "b", namespace: "default", fields: ["spec": ["size": 1, "extra": 2]]),
        as: type)
      #expect(box["spec"] == ["size": 1])
      let error = await #expect(throws: KubernetesError.self) {
        try await client.create(
          KubernetesObject(
            type, name: "c", namespace: "default", fields: ["spec": ["mode": "z"]]), as: type)
      }
      #expect(error?.isInvalid == true)
      #expect(Set(error?.causes.map(\.field) ?? []) == ["spec.mode", "spec.size"])
    }
  }

  @Test func `finalizers keep a deleted object until the last is gone`() async throws {
    try await Self.with { client, _ in
      var object = Self.map("kept")
      object["metadata", "finalizers"] = ["example.dev/keep"]
      _ = try await client.create(object, as: .configMaps)
      guard case .underWay(let marked) = try await client.delete(.configMaps, "kept") else {
        Issue.record("the finalizer did not keep it")
        return
      }
      #expect(marked.deletionTimestamp != nil)
      _ = try await client.patch(.configMaps, "kept", merging: ["metadata": ["finalizers": nil]])
      let left = try await client.find(.configMaps, "kept")
      #expect(left == nil)
    }
  }

  @Test func `a token is reviewed for its audience`() async throws {
    let api = APIServer(users: [
      "me": .admin,
      "agent": TestUser(
        "system:serviceaccount:stillpoint:agent", groups: ["system:serviceaccounts"],
        extra: ["authentication.kubernetes.io/node-name": ["n1"]], audiences: ["stillpoint"]),
    ])
    try await TestCluster.with(api) { cluster in
      try await KubernetesClient.with(cluster.access(token: "me"), logger: Logger(label: "test")) {
        client in
        let good = try await client.review(token: BearerToken("agent"), audiences: ["stillpoint"])
        #expect(good.isAuthenticated)
        #expect(good.extra["authentication.kubernetes.io/node-name"] == ["n1"])
        #expect(good.audiences == ["stillpoint"])
        let elsewhere = try await client.review(token: BearerToken("agent"), audiences: ["x"])
        #expect(!elsewhere.isAuthenticated)
        let nobody = try await client.review(token: BearerToken("nobody"))
        #expect(!nobody.isAuthenticated)
      }
    }
  }
}
