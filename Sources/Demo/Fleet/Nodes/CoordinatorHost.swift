internal import FoundationEssentials

/// The host of the coordinator: a network namespace of its own, and the coordinator in it.
package struct CoordinatorHost: Sendable {
  package static let fleetPort = 7443
  package static let enrolmentPort = 7444
  package static let apiPort = 7445

  package let address: String
  package let daemon: Daemon
  /// What it keeps, the catalog among it.
  package let state: String
  /// Where it exports every backup to.
  package let exports: String
  /// What operators use to reach it.
  package let shell: OperatorShell

  /// - Parameter name: the fleet's name, which becomes part of every identity.
  package init(
    name: String, address: String, namespace: String, programs: ProgramSet, fleet: FleetDirectory
  ) throws {
    self.address = address
    let directory = "\(fleet.path)/coordinator"
    state = "\(directory)/state"
    exports = "\(directory)/exports"
    try FileManager.default.createDirectory(atPath: exports, withIntermediateDirectories: true)
    let file = "\(directory)/coordinator.yaml"
    daemon = Daemon(
      "coordinator", in: namespace, of: fleet,
      command: [programs.coordinator, "run", "--config", file])
    shell = OperatorShell(
      program: programs.commandLine, credentials: "\(state)/operator")
    try fleet.write(
      """
      fleet: \(name)
      stateDirectory: \(state)
      exportDirectory: \(exports)
      fleetListen: \(address):\(Self.fleetPort)
      enrolmentListen: \(address):\(Self.enrolmentPort)
      apiListen: \(address):\(Self.apiPort)

      """, to: file)
  }

  /// Starts the coordinator and waits until it answers operators.
  package func start() async throws {
    try daemon.start()
    try await waitUntil(
      "an answer of the coordinator", within: .seconds(60), every: .milliseconds(100),
      log: daemon.log
    ) {
      guard daemon.isRunning else {
        throw DemoError("the coordinator ended at its start", log: daemon.log)
      }
      guard FileManager.default.fileExists(atPath: shell.credentials) else { return false }
      return try await shell.outcome(["status"]).status == 0
    }
  }
}
