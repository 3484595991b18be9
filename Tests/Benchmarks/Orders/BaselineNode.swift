internal import AgentCore
internal import ContainerRuntimes
internal import CutProtocol
internal import DemoFleet
internal import LinuxSystem
internal import Logging
internal import Model
internal import Quiescers
internal import Snapshots

/// One node's containers and storage, reached from this process as its agent reaches them.
struct BaselineNode: Sendable {
  let name: String
  let quiescer: any Quiescer
  let snapshots: any SnapshotProvider
  private let runtime: CRIRuntime
  private let drivers: CSIDrivers

  init(_ host: NodeHost) throws {
    name = host.name
    let logger = Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() })
    drivers = try CSIDrivers([
      CSIDriverConfiguration(name: try DriverName(NodeHost.driverName), socket: host.driverSocket)
    ])
    snapshots = CSISnapshotProvider(drivers: drivers, logger: logger)
    quiescer = QuiescerSet(settings: QuiescerSettings(protectedPaths: []))
    runtime = CRIRuntime(socket: host.engine.socket, logger: logger) { _ in nil }
  }

  /// Keeps the connections to the driver until it is cancelled.
  func run() async throws { try await drivers.run() }

  /// The first process of a running container.
  func process(of container: ContainerID) async throws -> ProcessIdentity {
    guard let observed = try await runtime.container(container),
      case .running(let pid) = observed.state
    else { throw BenchError("container \(container) on \(name) does not run any more") }
    return ProcessIdentity(
      container: container, pid: pid, startTicks: try ProcessFacts.startTicks(pid))
  }

  func delete(_ records: [SnapshotRecord]) async throws {
    for record in records {
      try await snapshots.delete(
        driver: record.volume.driver, snapshot: record.handle, group: record.group)
    }
  }
}
