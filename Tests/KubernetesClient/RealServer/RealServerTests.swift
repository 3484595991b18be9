import ClusterTesting
import KubernetesClient
import Logging
import Testing

/// The client against a Kubernetes API server.
@Suite(.enabled(if: RealServer.isGiven, Comment(rawValue: RealServer.why)), .serialized)
struct KubernetesRealServerTests {
  @Test func `an object is created, read, patched, replaced and deleted`() async throws {
    try await RealServer.with { client, _ in
      let made = try await client.create(
        RealServer.map("one", ["a": "1", "b": "2"]), as: .configMaps)
      #expect(try await client.get(.configMaps, "one") == made)
      let patched = try await client.patch(
        .configMaps, "one", merging: ["data": ["a": "3", "b": nil]])
      #expect(patched["data"] == ["a": "3"])
      let stale = await #expect(throws: KubernetesError.self) {
        try await client.replace(made, as: .configMaps)
      }
      #expect(stale?.isConflict == true)
      var next = patched
      next["data"] = ["c": "4"]
      #expect(try await client.replace(next, as: .configMaps)["data"] == ["c": "4"])
      #expect(try await client.delete(.configMaps, "one", dryRun: true) == .gone)
      #expect(try await client.delete(.configMaps, "one") == .gone)
      #expect(try await client.find(.configMaps, "one") == nil)
    }
  }

  @Test func `refusals carry the API's reason`() async throws {
    try await RealServer.with { client, _ in
      _ = try await client.create(RealServer.map("one"), as: .configMaps)
      let twice = await #expect(throws: KubernetesError.self) {
        try await client.create(RealServer.map("one"), as: .configMaps)
      }
      #expect(twice?.isAlreadyExists == true)
      let other = await #expect(throws: KubernetesError.self) {
        try await client.delete(
          .configMaps, "one", preconditions: .init(uid: "00000000-0000-0000-0000-000000000000"))
      }
      #expect(other?.isConflict == true)
      let bad = await #expect(throws: KubernetesError.self) {
        try await client.create(RealServer.map("Not A Name"), as: .configMaps)
      }
      #expect(bad?.isInvalid == true)
      #expect(bad?.causes.map(\.field) == ["metadata.name"])
      let type = ResourceType(
        group: "nope.example", version: "v1", kind: "Nope", plural: "nopes", namespaced: true)
      let unserved = await #expect(throws: KubernetesError.self) { try await client.list(type) }
      #expect(unserved?.isNotFound == true)
      let old = await #expect(throws: KubernetesError.self) {
        try await client.watch(.configMaps, from: "1") { _ in .goOn }
      }
      #expect(old?.isExpired == true)
    }
    let nobody = try KubernetesClient(RealServer.access(token: "x"), logger: .init(label: "test"))
    let unknown = await #expect(throws: KubernetesError.self) {
      try await nobody.list(.configMaps, in: "default")
    }
    #expect(unknown?.status?.code == 401)
    await nobody.close()
  }

  @Test func `a server that is asked for another name gets no request`() async throws {
    var access = try RealServer.access()
    access.serverName = "wrong.example"
    let client = KubernetesClient(access, logger: Logger(label: "test"))
    let error = await #expect(throws: KubernetesError.self) { try await client.list(.namespaces) }
    #expect(error?.code == .identity)
    await client.close()
  }

  @Test func `apply owns fields, conflicts, forces and gives up`() async throws {
    try await RealServer.with { client, name in
      func map(_ data: [String: String]) -> KubernetesObject {
        KubernetesObject(
          .configMaps, name: "cm", namespace: name, fields: ["data": JSONValue(data)])
      }
      _ = try await client.apply(map(["a": "1", "b": "1"]), as: .configMaps, manager: "one")
      let error = await #expect(throws: KubernetesError.self) {
        try await client.apply(map(["a": "2"]), as: .configMaps, manager: "two")
      }
      #expect(error?.isConflict == true)
      #expect(error?.causes.map(\.field) == [".data.a"])
      let forced = try await client.apply(
        map(["a": "2"]), as: .configMaps, manager: "two", force: true)
      #expect(forced["data"] == ["a": "2", "b": "1"])
      let less = try await client.apply(map([:]), as: .configMaps, manager: "one")
      #expect(less["data"] == ["a": "2"])
    }
  }

  @Test func `a finalizer keeps an object until it is taken away`() async throws {
    try await RealServer.with { client, _ in
      var object = RealServer.map("kept")
      object["metadata", "finalizers"] = ["stillpoint.dev/kept"]
      _ = try await client.create(object, as: .configMaps)
      guard case .underWay(let marked) = try await client.delete(.configMaps, "kept") else {
        Issue.record("the finalizer did not keep it")
        return
      }
      #expect(marked.deletionTimestamp != nil)
      _ = try await client.patch(.configMaps, "kept", merging: ["metadata": ["finalizers": nil]])
      #expect(try await client.find(.configMaps, "kept") == nil)
    }
  }

  @Test func `lists are whole, page after page`() async throws {
    var options = ClientOptions()
    options.pageSize = 3
    try await RealServer.with(options: options) { client, name in
      for index in 0..<10 {
        var map = RealServer.map("m\(index)")
        map.labels = ["parity": index.isMultiple(of: 2) ? "even" : "odd"]
        _ = try await client.create(map, as: .configMaps)
      }
      let all = ResourceSelector(labels: [.exists("parity")])
      let list = try await client.list(.configMaps, in: name, matching: all)
      #expect(list.items.map(\.name) == (0..<10).map { "m\($0)" })
      #expect(list.items.allSatisfy { $0.kind == "ConfigMap" && $0.apiVersion == "v1" })
      let odd = ResourceSelector(labels: [.noneOf("parity", ["even"]), .exists("parity")])
      #expect(try await client.list(.configMaps, in: name, matching: odd).items.count == 5)
      let one = try await client.list(.configMaps, in: name, matching: .named("m3"))
      #expect(one.items.map(\.name) == ["m3"])
    }
  }

  @Test func `status and scale are written apart from the rest`() async throws {
    try await RealServer.with { client, _ in
      let pod: JSONValue = [
        "metadata": ["labels": ["app": "web"]],
        "spec": ["containers": [["name": "c", "image": "none.invalid/none:1"]]],
      ]
      _ = try await client.create(
        KubernetesObject(
          .deployments, name: "web",
          fields: [
            "spec": [
              "replicas": 0, "paused": true, "selector": ["matchLabels": ["app": "web"]],
              "template": pod,
            ]
          ]), as: .deployments)
      let object = try await client.patchStatus(
        .deployments, "web", merging: ["observedGeneration": 7])
      #expect(object["status", "observedGeneration"] == 7)
      #expect(object["spec", "paused"] == true)
      #expect(try await client.scale(.deployments, "web", to: 2, dryRun: true).wanted == 2)
      #expect(try await client.scale(.deployments, "web").wanted == 0)
    }
  }

  @Test func `a token is reviewed, and rights are asked for`() async throws {
    try await RealServer.with { client, _ in
      #expect(try await client.mayI("delete", .persistentVolumes).isAllowed)
      #expect(try await !client.review(token: BearerToken("nobody")).isAuthenticated)
      let own = try RealServer.access()
      guard case .token(let token) = own.identity else { return }
      let review = try await client.review(token: token)
      #expect(review.isAuthenticated)
      #expect(review.username.hasPrefix("system:"))
      #expect(
        try await !client.review(token: token, audiences: ["somebody-else"]).isAuthenticated)
    }
  }

  @Test func `discovery knows built-in kinds`() async throws {
    try await RealServer.with { client, _ in
      let directory = try await client.discover()
      for type in [
        ResourceType.persistentVolumeClaims, .pods, .statefulSets, .leases, .storageClasses,
        .customResourceDefinitions, .namespaces,
      ] {
        #expect(directory.preferred.contains { $0.type == type }, "\(type)")
      }
      #expect(directory.unavailable.isEmpty)
      #expect(try await client.versions(ofGroup: "apps") == ["v1"])
      #expect(try await client.versions(ofGroup: "nope.example") == [])
      #expect(try await client.resources(group: "nope.example", version: "v1") == nil)
      let listed = try #require(try await client.resources(group: "apps", version: "v1"))
      let found = try #require(
        directory.versions.first { $0.group == "apps" && $0.version == "v1" })
      #expect(
        Set(listed.map { "\($0.type) \($0.verbs.sorted()) \($0.subresources.sorted())" })
          == Set(
            found.resources.map {
              "\($0.type) \($0.verbs.sorted()) \($0.subresources.sorted())"
            }))
    }
  }
}
