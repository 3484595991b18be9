internal import AgentCore
internal import ArgumentParser
internal import ConfigurationFile
internal import ContainerRuntimes
internal import CutProtocol
internal import FleetLink
internal import Identity
internal import KubernetesClient
internal import KubernetesSnapshots
internal import Lifecycle
internal import LinuxSystem
internal import Logging
internal import Model
internal import Quiescers
internal import ServiceLifecycle
internal import Snapshots
internal import Telemetry
internal import UnixSignals

/// Runs the agent until it is told to stop.
struct Run: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Run the agent.")

  @OptionGroup var common: CommonOptions

  func run() async throws {
    LineLogHandler.bootstrap(level: common.logLevel.level)
    let logger = Logger(label: "agent")
    let configuration = try AgentConfiguration.read(common.config)
    let boot = try LinuxKernel.bootID()
    try DurableFile.makeDirectories(configuration.stateDirectory, mode: 0o700)
    try DurableFile.makeDirectories(configuration.runDirectory, mode: 0o700)
    let rescues = HoldRecordStore(runDirectory: configuration.runDirectory)
    // Before anything else, so that nothing of an earlier life stays held while this one starts.
    for finding in await ThawOnStart(store: rescues, boot: boot).perform() {
      logger.warning("thawed at start", metadata: ["finding": "\(finding)"])
    }
    try await serve(configuration, boot, rescues, logger)
  }

  private func serve(
    _ configuration: AgentConfiguration, _ boot: String, _ rescues: HoldRecordStore,
    _ logger: Logger
  ) async throws {
    try FleetMove.settle(configuration.stateDirectory, logger: logger)
    let store = try CredentialStore(path: configuration.identityDirectory)
    let credential = HeldCredential(try await identity(configuration, store, logger))
    let ledger = try AgentLedger(
      file: DurableStateFile(configuration.stateDirectory + "/ledger.json"), boot: boot,
      machine: LinuxKernel.machineID())
    let drivers = try CSIDrivers(configuration.drivers)
    let snapshots = CSISnapshotProvider(
      drivers: drivers, probeDirectory: configuration.runDirectory + "/probes", logger: logger)
    let cluster = try cluster(configuration, logger)
    let node: any SnapshotProvider =
      if let cluster { NodeSnapshots(direct: snapshots, cluster: cluster.cluster) } else {
        snapshots
      }
    let runtime = CRIRuntime(socket: configuration.criSocket, logger: logger) { path in
      do {
        return try await snapshots.volume(at: path)
      } catch {
        logger.warning("volume not told", metadata: ["path": "\(path)", "error": "\(error)"])
        return nil
      }
    }
    let discovery = Discovery(
      node: configuration.node, runtime: runtime,
      journal: try PlacementJournal.open(
        directory: configuration.stateDirectory, node: configuration.node, logger: logger),
      boot: boot, logger: logger)
    let guardian = GuardianProcess(
      executable: try configuration.guardian ?? GuardianProcess.besideThisProgram(),
      controlGroups: try configuration.machineControlGroups.map(ControlGroups.init(at:)),
      logger: logger)
    let condition = try await guardian.start()
    logger.info("guardian armed", metadata: ["condition": "\(condition)"])
    let reports = FleetReports()
    let settings = QuiescerSettings(
      protectedPaths: [configuration.stateDirectory, configuration.runDirectory],
      controlGroups: configuration.machineControlGroups ?? "/sys/fs/cgroup")
    let cuts = CutService(
      environment: CutEnvironment(
        node: configuration.node, runtime: runtime, quiescer: QuiescerSet(settings: settings),
        snapshots: node, guardian: guardian, rescues: rescues,
        signer: AgentStatementSigner(credential), reports: reports,
        identify: Self.identify, clock: BootClock(), logger: logger), ledger: ledger)
    let link = FleetLinkConfiguration(configuration)
    var services: [any Service] = [
      DriverConnections(
        snapshots: snapshots, volumesRoot: configuration.volumesRoot, logger: logger),
      DiscoveryLoop(discovery: discovery),
      FleetLink(
        configuration: link, credential: credential,
        handler: AgentHandler(
          cuts: cuts, ledger: ledger, discovery: discovery, snapshots: node,
          hooks: HookRunner(
            runtime: runtime, settings: settings, logger: logger, identify: Self.identify)),
        records: JournalRecords(discovery: discovery), reports: reports, logger: logger),
      CertificateRenewal(
        enrolment: AgentEnrolment(configuration: link, store: store, logger: logger),
        credential: credential, isHolding: { await cuts.isHolding() }, logger: logger),
      Watchdog(announcesReady: true),
      // Started last and so stopped first: holds end while everything that they need still works.
      CutLoop(cuts: cuts),
    ]
    if let cluster { services.insert(cluster, at: 0) }
    if let pod = configuration.podEnrolment {
      services.insert(
        try FleetMove(
          node: configuration.node, tokenFile: pod.token, pinFile: pod.pin,
          stateDirectory: configuration.stateDirectory, current: credential, link: link,
          isHolding: { await cuts.isHolding() }, logger: logger), at: 0)
    }
    var group = ServiceGroupConfiguration(
      services: services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint],
      logger: logger)
    group.maximumGracefulShutdownDuration = .seconds(25)
    try await ServiceGroup(configuration: group).run()
    await guardian.stop()
  }

  private static func identify(_ container: ContainerID, _ pid: Int32) throws -> ProcessIdentity {
    ProcessIdentity(container: container, pid: pid, startTicks: try ProcessFacts.startTicks(pid))
  }

  /// Nil for a node of no cluster.
  private func cluster(_ configuration: AgentConfiguration, _ logger: Logger) throws
    -> ClusterConnection?
  {
    guard let use = configuration.kubernetes else { return nil }
    let client = KubernetesClient(try use.access(), logger: logger)
    return ClusterConnection(
      cluster: ClusterSnapshots(client: client, settings: use.settings, logger: logger),
      client: client, logger: logger)
  }

  /// This node's own identity; the one that its cluster vouches for, where there is none yet.
  private func identity(
    _ configuration: AgentConfiguration, _ store: CredentialStore, _ logger: Logger
  ) async throws -> Credential {
    if let identity = try store.load() { return identity }
    guard let pod = configuration.podEnrolment else {
      throw ConfigurationError(
        "node \(configuration.node) has no identity yet",
        hint: "run 'stillpoint-agent enrol --config \(common.config) --token-file FILE' "
          + "with a token from 'stillpoint agent token create --node \(configuration.node)'")
    }
    let enrolment = AgentEnrolment(
      configuration: FleetLinkConfiguration(configuration), store: store, logger: logger)
    return try await PodEnrolment(
      node: configuration.node, tokenFile: pod.token, pinFile: pod.pin, enrolment: enrolment,
      logger: logger
    ).untilEnrolled()
  }
}
