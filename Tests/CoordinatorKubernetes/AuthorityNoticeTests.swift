import ClusterTesting
import CoordinatorKubernetes
import KubernetesClient
import Logging
import Synchronization
import Testing

/// Lines of message and metadata.
private final class Lines: Sendable {
  private let lines = Mutex<[String]>([])

  func count(_ part: String) -> Int { lines.withLock { $0.count { $0.contains(part) } } }

  var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }

  private struct Handler: LogHandler {
    let lines: Lines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      lines.lines.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") }
    }
  }
}

struct `The notice of the fleet's authority` {
  /// Runs `body` beside the notice's upkeep.
  private func keeping(
    _ user: TestUser = .admin, inNamespace hasNamespace: Bool = true, pin: String = "pin-1",
    _ body: @escaping @Sendable (APIServer, Lines) async throws -> Void
  ) async throws {
    let lines = Lines()
    let api = APIServer(users: ["coordinator": user])
    try await TestCluster.with(api) { cluster in
      if hasNamespace {
        await api.put(KubernetesObject(.namespaces, name: "home"), as: .namespaces)
      }
      var access = try cluster.access(token: "coordinator")
      access.namespace = "home"
      try await KubernetesClient.with(access, logger: lines.logger) { client in
        let notice = AuthorityNotice(
          client: client, pin: pin, renewal: .milliseconds(20), logger: lines.logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask { await notice.keep() }
          try await body(api, lines)
          group.cancelAll()
        }
      }
    }
  }

  private func eventually(
    _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async -> Bool
  ) async throws {
    let end = ContinuousClock.now + .seconds(30)
    while ContinuousClock.now < end {
      if await condition() { return }
      try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record(what, sourceLocation: sourceLocation)
    throw CancellationError()
  }

  private func pin(_ api: APIServer) async -> String? {
    await api.object(.configMaps, AuthorityNotice.name, in: "home")?["data", AuthorityNotice.key]?
      .string
  }

  @Test func `is written, and again when somebody changed or deleted it`() async throws {
    try await keeping { api, lines in
      try await eventually("written") { await pin(api) == "pin-1" }
      await api.edit(.configMaps, AuthorityNotice.name, in: "home") {
        $0["data", AuthorityNotice.key] = "pin-2"
      }
      try await eventually("put right") { await pin(api) == "pin-1" }
      await api.finish(.configMaps, AuthorityNotice.name, in: "home")
      try await eventually("written again") { await pin(api) == "pin-1" }
      #expect(lines.count("pin published") == 1)
    }
  }

  @Test func `waits for its namespace, and says once which one is missing`() async throws {
    try await keeping(inNamespace: false) { api, lines in
      try await eventually("asked twice") { await api.received().count >= 2 }
      #expect(lines.count("not published") == 1)
      #expect(lines.count("the namespace 'home'") == 1)
      await api.put(KubernetesObject(.namespaces, name: "home"), as: .namespaces)
      try await eventually("written") { await pin(api) == "pin-1" }
    }
  }

  @Test func `says which manifests give the right that is missing`() async throws {
    try await keeping(TestUser("coordinator", rules: [])) { api, lines in
      try await eventually("asked twice") { await api.received().count >= 2 }
      #expect(lines.count("apply deploy/kubernetes/coordinator") == 1)
      #expect(await pin(api) == nil)
    }
  }
}
