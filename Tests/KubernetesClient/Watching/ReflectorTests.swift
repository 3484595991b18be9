import ClusterTesting
import KubernetesClient
import Logging
import Synchronization
import Testing

/// What a reflector has told, as somebody who believes it would know it.
final class Believer: Sendable {
  struct Belief {
    var versions: [String: String] = [:]
    var synced = 0
    var interruptions = 0
    var log: [String] = []
  }
  let belief = Mutex(Belief())

  func hear(_ event: ReflectorEvent) {
    belief.withLock { belief in
      switch event {
      case .added(let object):
        belief.versions[object.name] = object.resourceVersion
        belief.log.append("+\(object.name)")
      case .modified(let object):
        belief.versions[object.name] = object.resourceVersion
        belief.log.append("~\(object.name)")
      case .deleted(let object):
        belief.versions[object.name] = nil
        belief.log.append("-\(object.name)")
      case .synced: belief.synced += 1
      case .interrupted: belief.interruptions += 1
      }
    }
  }

  func wait(_ what: String, _ condition: (Belief) -> Bool) async throws {
    for _ in 0..<3000 {
      if belief.withLock({ condition($0) }) { return }
      try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("waited in vain for \(what): \(belief.withLock { $0 })")
  }
}

@Suite struct KubernetesReflectorTests {
  static func with(
    priority: RequestPriority = .cut, faults: [Fault] = [],
    _ body: @escaping @Sendable (Believer, KubernetesClient, APIServer) async throws -> Void
  ) async throws {
    let api = APIServer(bookmarkInterval: .milliseconds(50))
    var options = ClientOptions()
    options.cutWatch.renewal = .seconds(1)
    options.cutWatch.longestSilence = .seconds(2)
    options.cutWatch.longestRetry = .milliseconds(200)
    options.pageSize = 3
    try await KubernetesClientTests.with(api, options: options) { client, api in
      let believer = Believer()
      for fault in faults { await api.inject(fault) }
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          await Reflector(client.with(priority), .configMaps, in: "default").run { event in
            believer.hear(event)
            return .goOn
          }
        }
        try await body(believer, client, api)
        group.cancelAll()
      }
    }
  }

  static func put(_ api: APIServer, _ name: String, _ value: String = "") async {
    await api.put(KubernetesClientTests.map(name, ["v": value]), as: .configMaps)
  }

  @Test func `what is there, what comes, changes and goes is told`() async throws {
    try await Self.with { believer, _, api in
      try await believer.wait("the first list") { $0.synced == 1 }
      await Self.put(api, "a")
      await Self.put(api, "a", "2")
      await api.finish(.configMaps, "a", in: "default")
      await Self.put(api, "b")
      try await believer.wait("b") { $0.log == ["+a", "~a", "-a", "+b"] }
    }
  }

  @Test func `a watch that ends is renewed without a new list`() async throws {
    try await Self.with { believer, _, api in
      try await believer.wait("the first list") { $0.synced == 1 }
      var rounds = 0
      var watches = 0
      while watches < 3, rounds < 3000 {
        rounds += 1
        let told = rounds
        await Self.put(api, "x", "\(told)")
        try await believer.wait("change \(told)") { $0.log.count == told }
        watches = await api.received().filter { $0.verb == "watch" }.count
      }
      #expect(watches >= 3)
      let lists = await api.received().filter { $0.verb == "list" }
      #expect(lists.count == 1)
    }
  }

  @Test func `connections that break in the middle lose nothing`() async throws {
    let faults = (0..<10).map { round in
      Fault(.endWatch(afterEvents: round % 3), times: 1) { $0.verb == "watch" }
    }
    try await Self.with(faults: faults) { believer, _, api in
      var round = 0
      while believer.belief.withLock({ $0.interruptions }) < faults.count, round < 3000 {
        round += 1
        await Self.put(api, "m\(round % 7)", "\(round)")
        try await Task.sleep(for: .milliseconds(10))
      }
      let versions = Dictionary(
        uniqueKeysWithValues: await api.objects(.configMaps, in: "default").map {
          ($0.name, $0.resourceVersion ?? "")
        })
      try await believer.wait("all of them") { $0.versions == versions }
      #expect(believer.belief.withLock { $0.interruptions } >= faults.count)
    }
  }

  @Test func `what happened while the past was forgotten is found by listing`() async throws {
    try await Self.with { believer, _, api in
      await Self.put(api, "stays")
      await Self.put(api, "changes", "1")
      await Self.put(api, "goes")
      await Self.put(api, "anew")
      try await believer.wait("the first list") { $0.synced == 1 && $0.versions.count == 4 }
      await api.inject(Fault(.drop, times: nil) { $0.verb == "watch" })
      // The open watch has to end before anything is missed.
      try await believer.wait("an interruption") { $0.interruptions > 0 }
      await Self.put(api, "changes", "2")
      await api.finish(.configMaps, "goes", in: "default")
      await api.finish(.configMaps, "anew", in: "default")
      await Self.put(api, "anew")
      await Self.put(api, "new")
      await api.compact()
      let before = believer.belief.withLock { $0.log.count }
      await api.clearFaults()
      try await believer.wait("the second list") { $0.synced == 2 }
      let log = believer.belief.withLock { Array($0.log[before...]) }
      #expect(Set(log) == ["-goes", "-anew", "+anew", "~changes", "+new"])
      #expect(log.first == "-goes")
    }
  }

  @Test func `a watch that falls silent is given up and taken up elsewhere`() async throws {
    try await Self.with { believer, _, api in
      await api.inject(Fault(.muteWatch(afterEvents: 0), times: 1) { $0.verb == "watch" })
      try await believer.wait("the first list") { $0.synced == 1 }
      await Self.put(api, "late")
      try await believer.wait("what the mute watch did not tell") { $0.versions["late"] != nil }
    }
  }

  @Test func `a forbidden reflector says so, and goes on when it may`() async throws {
    try await Self.with { believer, _, api in
      await api.inject(
        Fault(.refuse(Refusal(403, .forbidden, "no")), times: 3) { $0.verb == "list" })
      try await believer.wait("the interruptions and the list") {
        $0.interruptions == 3 && $0.synced == 1
      }
    }
  }

  @Test func `waiting ends with what was waited for, or with the limit`() async throws {
    try await KubernetesClientTests.with { client, api in
      async let found = client.with(.cut).wait(
        for: .configMaps, "one", in: "default", within: .seconds(20)
      ) { $0?["data", "v"]?.string == "ready" ? $0?.uid : nil }
      await Self.put(api, "one")
      await Self.put(api, "one", "ready")
      let uid = try await found
      #expect(await api.object(.configMaps, "one", in: "default")?.uid == uid)
      let error = await #expect(throws: KubernetesError.self) {
        try await client.with(.cut).wait(
          for: .configMaps, "none", in: "default", within: .milliseconds(300)
        ) { $0?.uid }
      }
      #expect(error?.code == .timedOut)
    }
  }

  @Test func `initial events end with a bookmark`() async throws {
    try await KubernetesClientTests.with { client, api in
      await Self.put(api, "one")
      await Self.put(api, "two")
      var names: [String] = []
      let end = try await client.with(.cut).watch(
        .configMaps, in: "default", from: nil, initialEvents: true
      ) { event in
        switch event {
        case .added(let object): names.append(object.name)
        case .bookmark(_, true): return .stop
        default: break
        }
        return .goOn
      }
      #expect(end == .stopped)
      #expect(names == ["one", "two"])
    }
  }
}
