internal import ArgumentParser
internal import Identity
internal import Lifecycle
internal import Logging
internal import ServiceLifecycle
internal import Telemetry
internal import UnixSignals

/// Runs the coordinator until it is told to stop.
struct Run: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Run the coordinator.")

  /// How long an orderly stop may take: less than what systemd and the kubelet leave it.
  private static let stopLimit = Duration.seconds(25)

  @OptionGroup var common: CommonOptions

  func run() async throws {
    LineLogHandler.bootstrap(level: common.logLevel.level)
    let logger = Logger(label: "coordinator")
    let configuration = try CoordinatorConfiguration.read(common.config)
    _ = try PrivateDirectory(path: configuration.stateDirectory)
    let cluster = try configuration.kubernetes.map { try ClusterLink($0, logger: logger) }
    let status = RoleStatus()
    var services: [any Service] = [Watchdog(announcesReady: false)]
    if let address = configuration.healthListen {
      services.append(HealthServer(address: address, status: status, logger: logger))
    }
    // Last, and so the first to stop: what is asked after the process is answered for as long as it runs.
    services.append(
      CoordinatorRole(
        configuration: configuration, cluster: cluster,
        exports: configuration.exportDirectory.map { ExportDirectory(path: $0) },
        status: status, logger: logger))
    var group = ServiceGroupConfiguration(
      services: services.map { .init(service: $0) },
      gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    group.maximumGracefulShutdownDuration = Self.stopLimit
    try await ServiceGroup(configuration: group).run()
  }
}
