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

/// What a cut, a capture and the test tell each other.
private final class Told<Value: Sendable>: Sendable {
  private let value: Mutex<Value>

  init(_ value: Value) { self.value = Mutex(value) }
  func with<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
    value.withLock { value in body(&value) }
  }
}

/// Several captures of one coordinator beside a test API server.
private enum Bench {
  static func with(
    _ api: APIServer, token: String? = nil, limits: CaptureLimits = CaptureLimits(),
    _ body: @escaping @Sendable (ClusterManifests) async throws -> Void
  ) async throws {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    try await TestCluster.with(api) { cluster in
      try await KubernetesClient.with(try cluster.access(token: token), logger: logger) { client in
        try await body(
          ClusterManifests(client: client, clock: BootClock(), limits: limits, logger: logger))
      }
    }
  }

  /// One capture; `cut` runs once everything was listed, which took the time that it is given.
  static func capture(
    _ source: ClusterManifests, _ namespaces: [String], rules: ManifestRules = ManifestRules(),
    cut: @escaping @Sendable (Duration) async -> Void = { _ in }
  ) async throws -> (summary: ManifestSummary, manifests: [BackupManifest]) {
    let (session, clock) = (ManifestSession(), BootClock())
    let kept = Told<[BackupManifest]>([])
    let request = ManifestRequest(
      backup: try BackupID("b1"), namespaces: namespaces, rules: rules)
    return await withTaskGroup(of: ManifestSummary.self) { group in
      group.addTask {
        await source.capture(request, beside: session) { (found) throws(CatalogError) in
          kept.with { $0 += found }
        }
      }
      let began = clock.now()
      await session.waitForListing(until: began + .seconds(120), clock)
      await cut(clock.now() - began)
      session.cutEnded(clock.now()...clock.now())
      var summary = ManifestSummary(state: .pending, namespaces: [])
      for await found in group { summary = found }
      return (summary, kept.with { $0 })
    }
  }

  static func lists(_ api: APIServer) async -> [APICall] {
    await api.received().filter { $0.verb == "list" && $0.query["watch"] == nil }
  }
}

private func namespaces(_ count: Int) -> [String] { (0..<count).map { "n\($0)" } }

/// Namespaces with one config map each.
private func cluster(
  _ names: [String], size: Int = 10, kinds: Int = 0, users: [String: TestUser] = [:]
) async -> APIServer {
  let api = APIServer(users: users)
  for number in 0..<kinds {
    await api.serve(
      ServedType(
        ResourceType(
          group: "g\(number % 7).example", version: "v1", kind: "Kind\(number)",
          plural: "kind\(number)s", namespaced: true)))
  }
  for name in names {
    await api.put(KubernetesObject(.namespaces, name: name), as: .namespaces)
    await api.put(
      KubernetesObject(
        .configMaps, name: "settings", namespace: name,
        fields: ["data": ["key": .string(String(repeating: "x", count: size))]]), as: .configMaps)
    await api.put(
      KubernetesObject(
        .secrets, name: "password", namespace: name, fields: ["data": ["p": "eA=="]]),
      as: .secrets)
  }
  return api
}

struct `The room of all captures together` {
  @Test func `is far below what the coordinator's pod may have`() throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../../deploy/kubernetes/coordinator/coordinator.yaml").standardized
    let text = try String(contentsOf: file, encoding: .utf8)
    let limit = try #require(text.firstMatch(of: /limits:\s+memory: (\d+)Gi/))
    let bytes = try #require(Int(limit.1)) << 30
    #expect(CaptureLimits().memory <= bytes / 2)
    // What restores take besides.
    #expect(CaptureLimits().memory + ManifestRoom.usual <= bytes / 8 * 7)
    #expect(CaptureLimits().bytes + 50_000 * CaptureLimits().overhead <= CaptureLimits().room)
  }

  @Test func `leaves out by name what does not fit beside another backup, and is given back`()
    async throws
  {
    var limits = CaptureLimits()
    limits.room = 1 << 20
    let api = await cluster(namespaces(2), size: 600 << 10)
    try await Bench.with(api, limits: limits) { source in
      let inner = Told<ManifestSummary?>(nil)
      let outer = try await Bench.capture(source, ["n0"]) { _ in
        let found = try? await Bench.capture(source, ["n1"])
        inner.with { $0 = found?.summary }
      }
      #expect(outer.summary.state == .complete)
      let second = try #require(inner.with { $0 })
      #expect(second.state == .partial)
      #expect(second.skipped.map(\.resource) == ["configmaps"])
      #expect(
        second.skipped.first?.reason.hasPrefix(
          "there was no room for it beside the objects of the other backups") == true)
      #expect(second.kinds.map(\.resource) == ["namespaces", "secrets"])
      let third = try await Bench.capture(source, ["n1"])
      #expect(third.summary.state == .complete)
    }
  }

  @Test func `is not used up by lists that were begun anew`() {
    var limits = CaptureLimits()
    limits.room = 10_000
    limits.overhead = 100
    let room = CaptureRoom(limits.room)
    do {
      let budget = CaptureBudget(limits, in: room)
      #expect(budget.take(objects: 1, bytes: 5000) == nil)
      #expect(budget.take(objects: 1, bytes: 5000) == .crowded)
      budget.giveBack(objects: 1, bytes: 5000)
      #expect(budget.take(objects: 50, bytes: 5000) == nil)
      limits.bytes = 100
      #expect(CaptureBudget(limits, in: room).take(objects: 1, bytes: 101) == .full)
    }
    #expect(room.take(10_000) && !room.take(1))
  }

  @Test func `holds pages of large objects in small parts`() async throws {
    var limits = CaptureLimits()
    limits.pageObjects = 20
    limits.pageBytes = 100 << 10
    let api = await cluster(["n0"])
    for number in 0..<30 {
      let value = String(repeating: "y", count: 20 << 10)
      await api.put(
        KubernetesObject(
          .configMaps, name: "large\(number)", namespace: "n0",
          fields: ["data": ["k": .string(value)]]), as: .configMaps)
    }
    try await Bench.with(api, limits: limits) { source in
      let rules = ManifestRules(include: [try KindPattern("configmaps")])
      let (summary, manifests) = try await Bench.capture(source, ["n0"], rules: rules)
      #expect(summary.state == .complete, "\(summary.sentence)")
      #expect(manifests.count == 32)
    }
    let asked = await Bench.lists(api).filter { $0.path.last == "configmaps" }
    #expect(Set(asked.map { $0.query["limit"] }) == ["20", "2"])
  }
}

struct `Many namespaces` {
  private static let all = ["get", "list", "watch"]

  @Test func `are read by one list for each kind that is one page, but for Secrets`() async throws {
    let api = await cluster(namespaces(5))
    for number in 0..<3 {
      await api.put(
        KubernetesObject(.configMaps, name: "other\(number)", namespace: "elsewhere"),
        as: .configMaps)
    }
    try await Bench.with(api) { source in
      let (summary, manifests) = try await Bench.capture(source, namespaces(5))
      #expect(summary.state == .complete && summary.proved == 15, "\(summary.sentence)")
      #expect(!manifests.contains { $0.namespace == "elsewhere" })
    }
    let asked = await Bench.lists(api)
    #expect(asked.count { $0.path == ["api", "v1", "configmaps"] } == 2)
    #expect(!asked.contains { $0.path.last == "configmaps" && $0.path.contains("namespaces") })
    #expect(asked.count { $0.path.last == "secrets" && $0.path.contains("namespaces") } == 10)
    #expect(!asked.contains { $0.path == ["api", "v1", "secrets"] })
  }

  @Test func `are asked one by one where the cluster has more than a page`() async throws {
    var limits = CaptureLimits()
    limits.pageObjects = 4
    let api = await cluster(namespaces(5))
    try await Bench.with(api, limits: limits) { source in
      let (summary, _) = try await Bench.capture(source, namespaces(5))
      #expect(summary.state == .complete && summary.proved == 15, "\(summary.sentence)")
    }
    let asked = await Bench.lists(api).filter { $0.path.last == "configmaps" }
    #expect(asked.count == 12)
  }

  @Test func `are asked one by one, without trying for long, where rights are given in each`()
    async throws
  {
    let reader = TestUser(
      "coordinator",
      rules: namespaces(5).map { .init(Set(Self.all), ["configmaps"], namespace: $0) } + [
        .init(Set(Self.all), ["namespaces", "persistentvolumes"])
      ])
    let api = await cluster(namespaces(5), kinds: 40, users: ["t": reader])
    try await Bench.with(api, token: "t") { source in
      let (summary, manifests) = try await Bench.capture(source, namespaces(5))
      #expect(summary.state == .partial)
      #expect(manifests.count { $0.resource == "configmaps" && $0.standing == .atWitness } == 5)
    }
    let wide = await Bench.lists(api).filter {
      $0.path.first == "apis" && !$0.path.contains("namespaces")
    }
    #expect(wide.count <= 16, "\(wide.count) lists of the whole cluster")
  }

  @Test(arguments: [true, false])
  func `with sixty kinds each are listed before the cut is due`(_ isWide: Bool) async throws {
    let names = namespaces(10)
    var rules: [TestUser.Rule] = []
    let groups =
      ["", "apps", "batch", "rbac.authorization.k8s.io"] + (0..<7).map { "g\($0).example" }
    for group in groups {
      if isWide { rules.append(.init(Set(Self.all), group: group, ["*"])) }
      rules += names.map { .init(Set(Self.all), group: group, ["*"], namespace: $0) }
    }
    rules.append(.init(Set(Self.all), ["namespaces", "persistentvolumes"]))
    let reader = TestUser("coordinator", rules: rules)
    let api = await cluster(names, kinds: 50, users: ["t": reader])
    // As far away as a busy server of another zone.
    await api.inject(Fault(.delay(.milliseconds(10)), times: nil) { $0.verb == "list" })
    let took = Told(Duration.zero)
    try await Bench.with(api, token: "t") { source in
      let (summary, _) = try await Bench.capture(source, names) { listed in
        took.with { $0 = listed }
      }
      #expect(summary.state == .complete && summary.proved == 30, "\(summary.sentence)")
    }
    let asked = await Bench.lists(api).count
    print(
      "10 namespaces, 61 kinds, rights in \(isWide ? "the cluster" : "each namespace"): listed in "
        + "\(took.with { $0 }), \(asked) requests with the second lists")
    #expect(asked < (isWide ? 300 : 1400))
  }
}

struct `Turns at lists` {
  @Test func `are given in order, a bounded number at once`() async {
    let turns = ListTurns(2)
    let running = Told((now: 0, most: 0, done: 0))
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<50 {
        group.addTask {
          _ = await turns.during(within: .seconds(60), BootClock()) {
            running.with {
              $0.now += 1
              $0.most = max($0.most, $0.now)
            }
            await Task.yield()
            running.with {
              $0.now -= 1
              $0.done += 1
            }
          }
        }
      }
    }
    #expect(running.with { $0.most } <= 2 && running.with { $0.done } == 50)
  }

  @Test func `that come too late are not taken, and are lost to nobody`() async {
    let turns = ListTurns(1)
    let late = await turns.during(within: .seconds(60), BootClock()) {
      await turns.during(within: .milliseconds(20), BootClock()) { true }
    }
    #expect(late == .some(nil))
    #expect(await turns.during(within: .zero, BootClock()) { true } == true)
  }
}
