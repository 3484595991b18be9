import AgentCore
import ContainerRuntimes
import DemoFleet
import Foundation
import Glibc
import Model
import Testing

/// Discovery against a real containerd with its own root, state and socket.
@Suite(
  .serialized,
  .enabled(
    if: geteuid() == 0 && FileManager.default.isExecutableFile(atPath: "/usr/bin/containerd")
      && FileManager.default.isExecutableFile(atPath: "/bin/busybox"),
    "needs root, and Debian's containerd, runc and busybox-static"))
struct ContainerdTests {
  /// Starts a containerd, gives it to `body`, and leaves nothing of it behind.
  func withContainerd(_ body: (ContainerEngine, FleetDirectory) async throws -> Void) async throws {
    let fleet = try FleetDirectory.create()
    do {
      let images = try await ImageSet.build(in: fleet.path + "/images")
      let engine = try ContainerEngine(
        node: "one", namespace: "/proc/self/ns/net", directory: fleet.path + "/one", fleet: fleet)
      try await engine.start()
      try await engine.load(images)
      try await body(engine, fleet)
    } catch {
      Issue.record("\(error)")
    }
    #expect(await Sweep(of: fleet).run() == [])
  }

  func workload(_ name: String, _ command: String, mounts: [DemoFleet.Workload.Mount] = [])
    -> DemoFleet.Workload
  {
    DemoFleet.Workload(
      name: name, command: ["/bin/sh", "-c", command], account: .root, mounts: mounts)
  }

  func discovery(_ engine: ContainerEngine, _ fleet: FleetDirectory) throws -> Discovery {
    let state = fleet.path + "/agent"
    try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
    let node = NodeID(accepted: "one")
    return Discovery(
      node: node, runtime: CRIRuntime(socket: engine.socket, logger: silentLogger) { _ in nil },
      journal: try PlacementJournal.open(directory: state, node: node, logger: silentLogger),
      boot: "boot-1",
      settings: DiscoverySettings(
        reconcile: .seconds(600), pulse: .milliseconds(200), retry: .milliseconds(20)),
      logger: silentLogger)
  }

  func running(_ discovery: Discovery, _ body: () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await discovery.run() }
      try await eventually("watching") { discovery.observedThrough != nil }
      try await body()
      group.cancelAll()
    }
  }

  /// Waits for a condition, generously.
  func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
    let limit = ContinuousClock.now + .seconds(60)
    while try await !condition() {
      guard ContinuousClock.now < limit else { throw Missed(what: what) }
      try await Task.sleep(for: .milliseconds(10))
    }
  }

  struct Missed: Error { var what: String }

  func changes(_ discovery: Discovery, of workload: RunningWorkload) async throws
    -> [PlacementChange]
  {
    try await discovery.records(after: 0, limit: 999).map(\.change).filter { change in
      switch change {
      case .started(let placement), .updated(let placement):
        placement.container.text == workload.container
      case .ended(let id, _): id.text == workload.container
      case .unseen: false
      }
    }
  }

  @Test func `start, exit code and removal are recorded, and an exec ends nothing`() async throws {
    try await withContainerd { engine, fleet in
      let data = fleet.path + "/data"
      try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
      let discovery = try discovery(engine, fleet)
      try await running(discovery) {
        let long = try await engine.run(
          workload("orders", "exec sleep 1000", mounts: [.init(data, at: "/data")]))
        try await eventually("the container is known") {
          !discovery.current().isEmpty
        }
        let placement = try #require(discovery.current().first)
        #expect(placement.service.text == "orders")
        #expect(placement.containerName == "orders")
        #expect(placement.namespace == "shop")
        #expect(placement.image == ImageSet.host)
        #expect(placement.imageDigest.hasPrefix("sha256:"))
        #expect(placement.mounts.contains { $0.hostPath == data && $0.containerPath == "/data" })
        let pid = try #require(placement.pid)
        #expect(kill(pid, 0) == 0)

        _ = try await engine.execute(["/bin/true"], in: long)
        let short = try await engine.run(workload("job", "exit 3"))
        try await eventually("the exit is recorded") {
          try await changes(discovery, of: short).contains {
            if case .ended(_, .exited(code: 3)) = $0 { true } else { false }
          }
        }
        #expect(try await changes(discovery, of: long).count == 1)
        try await engine.stop(long, grace: .zero)
        try await eventually("the stop is recorded") {
          try await changes(discovery, of: long).count == 2
        }
        #expect(discovery.current() == [])
        #expect(discovery.view.troubles == [])
      }
    }
  }

  @Test func `a containerd that is killed leaves a gap, and nothing that happened in it is lost`()
    async throws
  {
    try await withContainerd { engine, fleet in
      let kept = try await engine.run(workload("kept", "exec sleep 1000"))
      let lost = try await engine.run(workload("lost", "exec sleep 1000"))
      let discovery = try discovery(engine, fleet)
      try await running(discovery) {
        let pid = try #require(
          discovery.current().first { $0.container.text == lost.container }?.pid)
        try await engine.daemon.kill()
        try await eventually("the loss is noticed") {
          discovery.observedThrough == nil
        }
        #expect(discovery.current().count == 2)
        #expect(kill(pid, SIGKILL) == 0)
        try await engine.start()
        try await eventually("it is watched again") {
          discovery.observedThrough != nil
        }
        try await eventually("the exit in the gap is known") {
          discovery.current().count == 1
        }
        #expect(try await changes(discovery, of: kept).count == 1)
        let ofLost = try await changes(discovery, of: lost)
        #expect(
          ofLost.last == .ended(ContainerID(accepted: lost.container), .exited(code: 137)))
        let gaps = try await discovery.records(after: 0, limit: 999).filter {
          if case .unseen = $0.change { true } else { false }
        }
        #expect(gaps.count == 2)
      }
    }
  }
}
