import AsyncHTTPClient
import ClusterTesting
import DemoFleet
import Foundation
import Glibc
import KubernetesClient
import Model
import NIOCore
import NIOHTTP1
import OperatorWire
import Testing

/// The coordinator's program in a process of its own, which serves a test's cluster.
struct LeasedProgram: Sendable {
  /// Generous: only what never comes is to fail.
  static let limit = Duration.seconds(90)
  private static let namespace = "stillpoint"
  private static let leaseName = "stillpoint-coordinator"

  let directory: FleetDirectory
  let cluster: TestCluster
  let daemon: Daemon
  let state: String
  let fleetPort: Int
  let enrolmentPort: Int
  let apiPort: Int
  private let healthPort: Int

  /// Gives `body` a program that is not started yet; whatever it leaves is taken away.
  ///
  /// - Parameter state: where it keeps its catalog; below the fleet's directory when it is nil.
  static func with(
    state: @Sendable (FleetDirectory) async throws -> String = { "\($0.path)/state" },
    _ body: @escaping @Sendable (LeasedProgram) async throws -> Void
  ) async throws {
    let directory = try FleetDirectory.create()
    do {
      let state = try await state(directory)
      let api = APIServer(users: ["right": .admin])
      await api.put(KubernetesObject(.namespaces, name: namespace), as: .namespaces)
      try await TestCluster.with(api, over: .tls(try TestAuthority())) { cluster in
        let program = try LeasedProgram(directory, cluster, state: state)
        do {
          try await body(program)
        } catch {
          Issue.record("\(error)\n\(program.lastLines)")
        }
      }
    }
    #expect(await Sweep(of: directory).run() == [])
  }

  private init(_ directory: FleetDirectory, _ cluster: TestCluster, state: String) throws {
    self.directory = directory
    self.cluster = cluster
    self.state = state
    let ports = try freePorts(4)
    (fleetPort, enrolmentPort, apiPort, healthPort) = (ports[0], ports[1], ports[2], ports[3])
    let authority = Data(try #require(cluster.authority).pem.utf8).base64EncodedString()
    let kubeconfig = "\(directory.path)/kubeconfig"
    try """
    apiVersion: v1
    kind: Config
    current-context: test
    contexts: [{name: test, context: {cluster: test, user: test, namespace: \(Self.namespace)}}]
    clusters:
      - name: test
        cluster:
          server: https://127.0.0.1:\(cluster.port)
          certificate-authority-data: \(authority)
    users: [{name: test, user: {token: right}}]
    """.write(toFile: kubeconfig, atomically: true, encoding: .utf8)
    let file = "\(directory.path)/coordinator.yaml"
    try """
    fleet: shop
    stateDirectory: \(state)
    fleetListen: 127.0.0.1:\(ports[0])
    enrolmentListen: 127.0.0.1:\(ports[1])
    apiListen: 127.0.0.1:\(ports[2])
    healthListen: 127.0.0.1:\(ports[3])
    kubernetes: {kubeconfig: \(kubeconfig)}
    """.write(toFile: file, atomically: true, encoding: .utf8)
    daemon = Daemon(
      "coordinator", in: nil, of: directory,
      command: [try ProgramSet().coordinator, "run", "--config", file])
  }

  // MARK: What it says

  var shell: OperatorShell {
    get throws {
      OperatorShell(program: try ProgramSet().commandLine, credentials: "\(state)/operator")
    }
  }

  /// As an operator sees it.
  func status() async throws -> StatusBody {
    try await shell.ask(["status"], as: StatusBody.self)
  }

  var log: String { (try? String(contentsOfFile: daemon.log, encoding: .utf8)) ?? "" }
  var lastLines: String { log.split(separator: "\n").suffix(30).joined(separator: "\n") }

  func count(of event: String) -> Int { log.components(separatedBy: event).count - 1 }

  struct Health: Equatable {
    var isLive: Bool
    var isReady: Bool
    var role: String
  }

  /// Nil when nobody answers.
  func health() async -> Health? {
    guard let (live, role) = await probe("livez"), let (ready, _) = await probe("readyz") else {
      return nil
    }
    return Health(isLive: live == 200, isReady: ready == 200, role: role)
  }

  func probe(_ path: String) async -> (status: UInt, text: String)? {
    let request = HTTPClientRequest(url: "http://127.0.0.1:\(healthPort)/\(path)")
    // Whatever comes instead of an answer is none.
    guard let response = try? await HTTPClient.shared.execute(request, timeout: .seconds(5)),
      let body = try? await response.body.collect(upTo: 1024)
    else { return nil }
    return (
      response.status.code, String(buffer: body).trimmingCharacters(in: .whitespacesAndNewlines)
    )
  }

  func wait(until role: String) async throws {
    try await waitUntil("the role '\(role)'", within: Self.limit, log: daemon.log) {
      guard daemon.isRunning else { throw DemoError("the coordinator ended", log: daemon.log) }
      return await health()?.role == role
    }
  }

  func wait(for event: String, times: Int = 1) async throws {
    try await waitUntil(
      "'\(event)' (\(times))", within: Self.limit, every: .milliseconds(2), log: daemon.log
    ) { count(of: event) >= times }
  }

  // MARK: What happens to its lease

  /// Another replica has the lease from now on, and goes on to have it.
  func takeLease() async {
    await cluster.api.edit(.leases, Self.leaseName, in: Self.namespace) {
      $0["spec", "holderIdentity"] = "other"
      $0["spec", "leaseDurationSeconds"] = 3600
    }
  }

  /// The other replica has stopped orderly.
  func giveLeaseBack() async {
    await cluster.api.edit(.leases, Self.leaseName, in: Self.namespace) {
      $0["spec", "holderIdentity"] = ""
    }
  }

  func deleteLease() async {
    await cluster.api.finish(.leases, Self.leaseName, in: Self.namespace)
  }

  func leaseHolder() async -> String? {
    await cluster.api.object(.leases, Self.leaseName, in: Self.namespace)?[
      "spec", "holderIdentity"]?
      .string
  }

  // MARK: What it has of the machine

  /// Open files and threads.
  func resources() throws -> (files: Int, threads: Int) {
    let pid = try #require(daemon.pid)
    return (
      try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count,
      try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task").count
    )
  }

  func isListening(on port: Int) -> Bool {
    guard let connection = SilentConnection(to: port) else { return false }
    connection.close()
    return true
  }
}

/// A connection over which nothing is ever said.
struct SilentConnection {
  private let descriptor: CInt

  /// Nil when nobody listens.
  init?(to port: Int) {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    let isConnected = withLoopback(port) { connect(descriptor, $0, $1) == 0 }
    guard isConnected else {
      Glibc.close(descriptor)
      return nil
    }
  }

  func close() { Glibc.close(descriptor) }
}

/// Ports of this machine that nobody listens on.
func freePorts(_ count: Int) throws -> [Int] {
  var descriptors: [CInt] = []
  defer { for descriptor in descriptors { close(descriptor) } }
  return try (0..<count).map { _ in
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    try #require(descriptor >= 0)
    descriptors.append(descriptor)
    try #require(withLoopback(0) { bind(descriptor, $0, $1) } == 0)
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let outcome = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        getsockname(descriptor, $0, &length)
      }
    }
    try #require(outcome == 0)
    return Int(UInt16(bigEndian: address.sin_port))
  }
}

private func withLoopback<T>(
  _ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> T
) -> T {
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = UInt16(port).bigEndian
  address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
  return withUnsafePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
  }
}
