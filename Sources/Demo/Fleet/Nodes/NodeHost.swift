internal import FoundationEssentials

/// One node of the fleet: a network namespace with containerd, the small CSI driver, and the agent.
package struct NodeHost: Sendable {
  /// The node's name in the fleet.
  package let name: String
  package let address: String
  package let engine: ContainerEngine
  package let driver: Daemon
  package let agent: Daemon

  private let fleet: FleetDirectory
  /// Holds everything of this node.
  package let directory: String
  /// The path of its network namespace.
  package let namespace: String
  private let programs: ProgramSet

  /// The CSI driver's name, as plans and volumes know it.
  package static let driverName = "local.csi.stillpoint.dev"

  /// What a node's volumes and snapshots can take together; the disk's space is used as written.
  private static let poolSize = "6Gi"

  package init(
    name: String, address: String, namespace: String, coordinator: String, programs: ProgramSet,
    fleet: FleetDirectory
  ) throws {
    self.name = name
    self.address = address
    self.namespace = namespace
    self.programs = programs
    self.fleet = fleet
    directory = "\(fleet.path)/\(name)"
    engine = try ContainerEngine(
      node: name, namespace: namespace, directory: directory, fleet: fleet)
    driver = Daemon(
      "csi-\(name)", in: namespace, of: fleet,
      command: [
        programs.driver, "--endpoint", "unix://\(directory)/csi.sock", "--node", name,
        "--state-dir", "\(directory)/csi", "--pool-size", Self.poolSize,
      ])
    let file = "\(directory)/agent.yaml"
    agent = Daemon(
      "agent-\(name)", in: namespace, of: fleet, command: [programs.agent, "run", "--config", file])
    try fleet.write(configuration(coordinator: coordinator), to: file)
  }

  private func configuration(coordinator: String) -> String {
    """
    node: \(name)
    coordinator: \(coordinator):\(CoordinatorHost.fleetPort)
    enrolment: \(coordinator):\(CoordinatorHost.enrolmentPort)
    stateDirectory: \(directory)/agent-state
    runDirectory: \(runDirectory)
    criSocket: \(engine.socket)
    volumesRoot: \(volumesRoot)
    csiDrivers:
      - name: \(Self.driverName)
        socket: \(directory)/csi.sock
    guardian: \(programs.guardian)

    """
  }

  private var volumesRoot: String { "\(directory)/volumes" }

  /// Where the agent keeps what must outlive it, and what must outlive it until the next boot.
  package var agentDirectories: [String] { ["\(directory)/agent-state", "\(directory)/agent-run"] }

  /// The directory in which the CSI driver keeps images of volumes and snapshots.
  package var pool: String { "\(directory)/csi/pool" }

  /// Where the volume of that name is mounted.
  package func mountPoint(ofVolume volume: String) -> String { "\(volumesRoot)/\(volume)/mount" }

  /// The agent's configuration file.
  package var configurationFile: String { "\(directory)/agent.yaml" }

  /// The socket of the node's CSI driver.
  package var driverSocket: String { "\(directory)/csi.sock" }

  /// The directory in which the checkout answers, if it runs here.
  package var checkoutDirectory: String { "\(directory)/checkout" }

  /// Starts the CSI driver and waits until its socket is there.
  package func startDriver() async throws {
    try driver.start()
    try await waitUntil("the socket of \(driver.name)", within: .seconds(60), log: driver.log) {
      guard driver.isRunning else {
        throw DemoError("\(driver.name) ended at its start", log: driver.log)
      }
      return FileManager.default.fileExists(atPath: "\(directory)/csi.sock")
    }
  }

  /// Gives the node its identity with a token from the coordinator.
  package func enrol(with token: String) async throws {
    let file = "\(directory)/token"
    try fleet.write(token + "\n", to: file)
    try await run(programs.agent, ["enrol", "--config", configurationFile, "--token-file", file])
    try FileManager.default.removeItem(atPath: file)
  }

  /// Starts the agent as its unit for systemd does: what may have been left held is thawed first.
  package func startAgent() async throws {
    try await mountRunDirectory()
    try await run(programs.agent, ["thaw-on-start", "--config", configurationFile])
    try agent.start()
  }

  private var runDirectory: String { "\(directory)/agent-run" }

  /// In memory, as `/run` of every node is: what is written while applications wait must not wait for a disk.
  private func mountRunDirectory() async throws {
    let mounted = try await Command("findmnt", ["--mountpoint", runDirectory]).outcome()
    guard mounted.status != 0 else { return }
    try FileManager.default.createDirectory(
      atPath: runDirectory, withIntermediateDirectories: true)
    try await Command(
      "mount", ["-t", "tmpfs", "-o", "size=16m,mode=700", "stillpoint-run", runDirectory]
    ).run()
  }

  /// The guardian that the running agent has started.
  package var guardian: Int32? {
    agent.pid.flatMap { ProcessTable.child(of: $0, running: programs.guardian) }
  }

  /// Makes a volume and mounts it.
  ///
  /// - Parameters:
  ///   - size: as the CSI driver's quantities are written, such as `512Mi`.
  ///   - filesystem: `ext4` or `xfs`.
  /// - Returns: where it is mounted.
  package func createVolume(
    _ volume: String, size: String, filesystem: String = "ext4"
  ) async throws -> String {
    try await run(
      programs.agent,
      [
        "volume", "create", volume, "--config", configurationFile, "--size", size, "--fs-type",
        filesystem,
      ])
    return mountPoint(ofVolume: volume)
  }

  /// Runs a program to its end in the node's network.
  @discardableResult
  package func run(_ program: String, _ arguments: [String]) async throws -> String {
    try await Command("nsenter", ["--net=\(namespace)", "--", program] + arguments).run()
  }
}
