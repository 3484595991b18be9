internal import DemoFleet
internal import FoundationEssentials
internal import Glibc
internal import Model
internal import OperatorWire

// What strikes, and what mends it.
extension Bench {
  /// How long something is stopped, away or full: longer than a lease.
  static let outage = Duration.seconds(4)
  /// `RestartSec` of our units for systemd.
  static let restartDelay = Duration.seconds(1)

  /// Strikes.
  ///
  /// - Returns: the processes to be continued later.
  func strike(_ fault: Fault) async throws -> [Int32] {
    switch fault {
    case .kill(let part):
      // The guardian first: it would end the holds as soon as the agent is gone.
      for pid in try await processes(of: part) { kill(pid, SIGKILL) }
    case .stop(let part):
      let stopped = try await processes(of: part)
      for pid in stopped { kill(pid, SIGSTOP) }
      return stopped
    case .linkDown: try await fleet.network.setLink(ofHost: 1, up: false)
    case .diskFull: for path in fillers { fill(path) }
    case .hookHangs: break
    case .hookForks: break
    case .dirtyVolume: try await startDirtying()
    case .thirdPartyThaw:
      try await Command("fsfreeze", ["--unfreeze", volume(of: .orders)]).run()
    case .containerRestart: _ = try await shop.reopen(.orders)
    }
    return []
  }

  /// Mends what the fault broke, as a service manager or an operator would; returns when that is done.
  func mend(_ fault: Fault, stopped: [Int32]) async throws {
    switch fault {
    case .kill(.coordinator):
      try await Task.sleep(for: Self.outage)
      try await fleet.coordinator.start()
    case .kill(.agent):
      try await Task.sleep(for: Self.restartDelay)
      try await struckNode.startAgent()
    case .kill(.agentAndGuardian):
      try await Task.sleep(for: Self.outage)
      try await struckNode.startAgent()
    case .kill(.containerd):
      try await Task.sleep(for: Self.restartDelay)
      try await struckNode.engine.start()
    case .kill(.driver):
      try await Task.sleep(for: Self.restartDelay)
      try await struckNode.startDriver()
    case .kill(.database):
      let server = try await shop.reopen(.payments)
      try await waitUntilKnown(server, as: .payments)
    case .stop:
      try await Task.sleep(for: Self.outage)
      for pid in stopped { kill(pid, SIGCONT) }
    case .linkDown:
      try await Task.sleep(for: Self.outage)
      try await fleet.network.setLink(ofHost: 1, up: true)
    case .diskFull:
      try await Task.sleep(for: Self.outage)
      for path in fillers { unlink(path) }
    case .dirtyVolume: try await stopDirtying()
    case .kill(.guardian), .kill(.client), .hookHangs, .hookForks, .thirdPartyThaw,
      .containerRestart:
      break
    }
  }

  /// Waits until everybody is connected and everything is known, so that the next backup can be taken.
  func waitUntilWhole() async throws {
    for node in fleet.nodes { try await fleet.waitUntilConnected(node) }
    for member in Member.allCases {
      try await fleet.waitUntilDiscovered(member.rawValue, on: node(of: member))
    }
    for store in [Shop.Store.orders, .payments] {
      guard let server = await shop.server(of: store), let member = Member(rawValue: store.rawValue)
      else { continue }
      try await waitUntilKnown(server, as: member)
    }
  }

  private func waitUntilKnown(_ server: RunningWorkload, as member: Member) async throws {
    try await waitUntil(
      "the discovery of the new \(member.rawValue)", within: .seconds(60),
      every: .milliseconds(100), log: node(of: member).agent.log
    ) {
      try await placement(of: member)?.container.text == server.container
    }
  }

  private func placement(of member: Member) async throws -> Placement? {
    let status = try await stillpoint.ask(["status"], as: StatusBody.self)
    let service = status.services.first { $0.name.text == member.rawValue }
    return service?.placements.count == 1 ? service?.placements.first : nil
  }

  private func processes(of part: Part) async throws -> [Int32] {
    let found: [Int32?] =
      switch part {
      case .coordinator: [fleet.coordinator.daemon.pid]
      case .agent: [struckNode.agent.pid]
      case .guardian: [struckNode.guardian]
      case .agentAndGuardian: [struckNode.guardian, struckNode.agent.pid]
      case .containerd: [struckNode.engine.daemon.pid]
      case .driver: [struckNode.driver.pid]
      case .client: directory.processes { $0.first?.hasSuffix("/mariadb") == true }
      case .database: [try await placement(of: .payments)?.pid]
      }
    let pids = found.compactMap(\.self)
    guard !pids.isEmpty, pids.count == found.count else {
      throw DemoError("\(part.rawValue) was to be struck but does not run")
    }
    return pids
  }

  private var dirt: String { "\(volume(of: .files))/dirt" }

  /// Returns once there is a lot to be written, or as much as could be made before prepare's patience ends; goes on meanwhile.
  private func startDirtying() async throws {
    try Daemon(
      "dirt", in: nil, of: directory,
      command: ["/usr/bin/dd", "if=/dev/zero", "of=\(dirt)", "bs=1M", "count=1024", "status=none"]
    ).start()
    let patience = ContinuousClock.now + .seconds(2)
    try await waitUntil("a lot to be written", within: .seconds(10), every: .milliseconds(20)) {
      // Not there yet: nothing was written.
      let size = try? FileManager.default.attributesOfItem(atPath: dirt)[.size] as? Int
      return (size ?? 0) >= 512 << 20 || ContinuousClock.now > patience
    }
  }

  private func stopDirtying() async throws {
    let output = "of=\(dirt)"
    try await waitUntil("the end of the writer", within: .seconds(60)) {
      directory.processes { $0.contains(output) }.isEmpty
    }
    unlink(dirt)
  }

  private var fillers: [String] { struckNode.agentDirectories.map { $0 + "/filler" } }

  /// Writes until nothing more goes in.
  private func fill(_ path: String) {
    let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    defer { close(file) }
    for size in [65_536, 4096, 1] {
      let bytes = [UInt8](repeating: 0, count: size)
      while write(file, bytes, size) == size {}
    }
  }
}
