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

/// One capture beside a test API server, step by step.
private enum Bench {

  /// Runs a capture; `cut` runs once everything is listed and every watch is open, and returns the witness.
  static func capture(
    _ api: APIServer, rules: ManifestRules = ManifestRules(), token: String? = nil,
    limits: CaptureLimits = .quick, watches: Bool = true,
    cut: @escaping @Sendable (BootClock) async throws -> ManifestSession.Witness?
  ) async throws -> (summary: ManifestSummary, manifests: [BackupManifest]) {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    return try await TestCluster.with(api) { cluster in
      try await KubernetesClient.with(try cluster.access(token: token), logger: logger) { client in
        let (session, clock) = (ManifestSession(), BootClock())
        let kept = Keeper()
        let source = ClusterManifests(client: client, clock: clock, limits: limits, logger: logger)
        let request = ManifestRequest(
          backup: try BackupID("b1"), namespaces: ["shop"], rules: rules)
        async let summary = source.capture(request, beside: session) {
          (manifests) throws(CatalogError) in kept.add(manifests)
        }
        await session.waitForListing(until: clock.now() + .seconds(30), clock)
        if watches { try await open(api) }
        session.cutEnded(try await cut(clock))
        return (await summary, kept.manifests)
      }
    }
  }

  /// Waits until the two config maps' watch is open, and with it, as they are opened together, those of the others.
  private static func open(_ api: APIServer) async throws {
    let deadline = ContinuousClock.now + .seconds(30)
    while await !api.received().contains(where: {
      $0.path.last == "configmaps" && $0.query["watch"] == "1"
    }) {
      guard ContinuousClock.now < deadline else { throw CancellationError() }
      try await Task.sleep(for: .milliseconds(10))
    }
  }
}

private final class Keeper: Sendable {
  private let all = Mutex<[BackupManifest]>([])
  var manifests: [BackupManifest] { all.withLock { $0 } }
  func add(_ manifests: [BackupManifest]) { all.withLock { $0 += manifests } }
}

extension CaptureLimits {
  /// As in production, but without patience for servers that are away.
  fileprivate static var quick: CaptureLimits {
    var limits = CaptureLimits()
    limits.pause = .milliseconds(20)
    limits.page = .seconds(2)
    limits.lag = .seconds(20)
    return limits
  }
}

private func configMap(_ name: String, _ value: String) -> KubernetesObject {
  KubernetesObject(
    .configMaps, name: name, namespace: "shop", fields: ["data": ["key": .string(value)]])
}

/// A namespace with a little of everything.
private func shop(users: [String: TestUser] = [:]) async -> APIServer {
  let api = APIServer(users: users)
  await api.put(KubernetesObject(.namespaces, name: "shop", labels: ["team": "a"]), as: .namespaces)
  await api.put(configMap("one", "a"), as: .configMaps)
  await api.put(configMap("two", "a"), as: .configMaps)
  await api.put(
    KubernetesObject(
      .secrets, name: "password", namespace: "shop", fields: ["data": ["p": "eA=="]]),
    as: .secrets)
  await api.put(
    KubernetesObject(
      .persistentVolumeClaims, name: "data", namespace: "shop",
      fields: ["spec": ["storageClassName": "fast", "volumeName": "pv-1"]]),
    as: .persistentVolumeClaims)
  for (name, namespace) in [("pv-1", "shop"), ("pv-2", "elsewhere")] {
    await api.put(
      KubernetesObject(
        .persistentVolumes, name: name,
        fields: ["spec": ["claimRef": ["namespace": .string(namespace), "name": "data"]]]),
      as: .persistentVolumes)
  }
  for name in ["fast", "slow"] {
    await api.put(KubernetesObject(.storageClasses, name: name), as: .storageClasses)
  }
  await api.put(KubernetesObject(.events, name: "e", namespace: "shop"), as: .events)
  await api.put(
    KubernetesObject(.configMaps, name: "one", namespace: "elsewhere"), as: .configMaps)
  return api
}

extension [BackupManifest] {
  fileprivate var lines: [String] {
    map { "\($0.identity): \($0.standing.rawValue)\($0.isFact ? ", fact" : "")" }
  }
  fileprivate func standing(_ name: String) -> BackupManifest.Standing? {
    first { $0.name == name && $0.resource == "configmaps" }?.standing
  }
  fileprivate func value(_ name: String) -> String? {
    first { $0.name == name }.flatMap { try? JSONValue(json: [UInt8]($0.content)) }?[
      path: ["data", "key"]]?.string
  }
}

struct `The objects of a namespace` {
  @Test func `are kept with what they need of the cluster, and proved when nothing changed`()
    async throws
  {
    let (summary, manifests) = try await Bench.capture(await shop()) { clock in
      clock.now()...clock.now()
    }
    #expect(summary.state == .complete)
    #expect(
      Set(manifests.lines) == [
        "namespaces shop: at-witness", "configmaps shop/one: at-witness",
        "configmaps shop/two: at-witness", "secrets shop/password: at-witness",
        "persistentvolumeclaims shop/data: at-witness",
        "persistentvolumes pv-1: at-witness, fact",
        "storageclasses.storage.k8s.io fast: at-witness",
      ])
    #expect(summary.count == 7 && summary.proved == 7)
  }

  @Test func `say what changed, came and went after the witness, and keep what was before`()
    async throws
  {
    let api = await shop()
    let (_, manifests) = try await Bench.capture(api) { clock in
      let witness = clock.now()...clock.now()
      await api.put(configMap("two", "b"), as: .configMaps)
      await api.put(configMap("three", "c"), as: .configMaps)
      await api.finish(.configMaps, "one", in: "shop")
      return witness
    }
    #expect(manifests.standing("one") == .deleted && manifests.value("one") == "a")
    #expect(manifests.standing("two") == .changed && manifests.value("two") == "a")
    #expect(manifests.standing("three") == .appeared && manifests.value("three") == "c")
    #expect(manifests.first { $0.name == "password" }?.standing == .atWitness)
  }

  @Test func `are proved as they became before the witness, when the watch told of it`()
    async throws
  {
    let api = await shop()
    let (_, manifests) = try await Bench.capture(api) { clock in
      await api.put(configMap("two", "b"), as: .configMaps)
      await api.edit(.configMaps, "one", in: "shop") { $0["status"] = ["seen": true] }
      // Whatever the watch tells from here on comes before this witness.
      return clock.now() + .seconds(3600)...clock.now() + .seconds(3600)
    }
    #expect(manifests.standing("two") == .atWitness && manifests.value("two") == "b")
    #expect(manifests.standing("one") == .atWitness)
  }

  @Test func `prove nothing by a watch that the server has ended as too old`() async throws {
    let api = await shop()
    await api.inject(
      Fault(.refuse(Refusal(410, .expired, "too old resource version")), times: nil) {
        $0.query["watch"] == "1"
      })
    let (summary, manifests) = try await Bench.capture(api) { clock in
      let witness = clock.now()...clock.now()
      await api.edit(.configMaps, "one", in: "shop") { $0["status"] = ["seen": true] }
      return witness
    }
    #expect(summary.state == .complete)
    // It looks as before, but what it was in between nobody has seen.
    #expect(manifests.standing("one") == .changed)
    #expect(manifests.standing("two") == .atWitness)
  }

  @Test func `name the kinds that may not be read, and those that the plan leaves out`()
    async throws
  {
    let reader = TestUser(
      "coordinator",
      rules: [
        .init(
          ["get", "list", "watch"], ["configmaps", "namespaces", "persistentvolumes", "secrets"]),
        .init(["get", "list", "watch"], group: "storage.k8s.io", ["storageclasses"]),
      ])
    let api = await shop(users: ["t": reader])
    let rules = ManifestRules(
      include: try ["configmaps", "deployments.apps", "widgets.x.io", "secrets"].map {
        try KindPattern($0)
      }, secrets: .omit)
    let (summary, manifests) = try await Bench.capture(api, rules: rules, token: "t") { clock in
      clock.now()...clock.now()
    }
    #expect(summary.state == .partial)
    #expect(Set(manifests.map(\.resource)) == ["configmaps", "namespaces"])
    #expect(summary.skipped.map(\.resource) == ["widgets.x.io", "deployments.apps"])
    #expect(
      summary.skipped.last?.reason.hasPrefix("forbidden: list deployments.apps in shop") == true)
    #expect(summary.skipped.last?.namespace == "shop")
  }

  @Test func `neither delay nor spoil a cut when the server is away`() async throws {
    let api = await shop()
    await api.inject(Fault(.silence, times: nil))
    var limits = CaptureLimits.quick
    limits.discovery = .milliseconds(300)
    let began = ContinuousClock.now
    let (summary, manifests) = try await Bench.capture(api, limits: limits, watches: false) {
      clock in
      #expect(ContinuousClock.now - began < .seconds(10))
      return clock.now()...clock.now()
    }
    #expect(summary.state == .failed && manifests.isEmpty)
    #expect(summary.reason?.hasPrefix("the API server could not be asked before the cut: ") == true)
  }

  @Test func `stay as what could not be confirmed when the server goes away in the cut`()
    async throws
  {
    let api = await shop()
    let (summary, manifests) = try await Bench.capture(api) { clock in
      await api.inject(Fault(.drop, times: nil))
      return clock.now()...clock.now()
    }
    #expect(summary.state == .partial && summary.proved == 0)
    #expect(manifests.standing("one") == .unconfirmed)
    #expect(summary.reason?.contains("could not be read again after the cut") == true)
  }

  @Test func `are no more than a bound, which the message names`() async throws {
    var limits = CaptureLimits.quick
    limits.objects = 20
    let api = await shop()
    for number in 0..<30 { await api.put(configMap("n\(number)", "a"), as: .configMaps) }
    let (summary, manifests) = try await Bench.capture(api, limits: limits, watches: false) {
      clock in clock.now()...clock.now()
    }
    #expect(summary.state == .partial)
    #expect(!manifests.contains { $0.resource == "configmaps" })
    #expect(summary.skipped.first?.reason.contains("exclude kinds in the plan's manifests") == true)
  }

  @Test func `of ten thousand are kept part by part`() async throws {
    let api = await shop()
    for number in 0..<10_000 { await api.put(configMap("n\(number)", "a"), as: .configMaps) }
    let began = ContinuousClock.now
    var limits = CaptureLimits.quick
    limits.page = .seconds(60)
    let (summary, manifests) = try await Bench.capture(api, limits: limits, watches: false) {
      clock in
      print("10000 objects were listed after \(ContinuousClock.now - began)")
      return clock.now()...clock.now()
    }
    #expect(summary.state == .complete && summary.proved == 10_007, "\(summary.sentence)")
    #expect(manifests.count == 10_007)
  }
}
