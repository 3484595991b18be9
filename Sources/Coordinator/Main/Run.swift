internal import ArgumentParser
internal import Catalog
internal import ConfigurationFile
internal import CoordinatorCore
internal import CutProtocol
internal import FleetServer
internal import Foundation
internal import Identity
internal import Lifecycle
internal import Logging
internal import Model
internal import OperatorAPI
internal import ServiceLifecycle
internal import Telemetry
internal import UnixSignals

/// Runs the coordinator until it is told to stop.
struct Run: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Run the coordinator.")

  @OptionGroup var common: CommonOptions

  func run() async throws {
    LineLogHandler.bootstrap(level: common.logLevel.level)
    let logger = Logger(label: "coordinator")
    let configuration = try CoordinatorConfiguration.read(common.config)
    _ = try PrivateDirectory(path: configuration.stateDirectory)
    // A standby touches nothing that the active one may be using.
    let cluster = try configuration.kubernetes.map { try ClusterLink($0, logger: logger) }
    if let cluster, !(await cluster.activate()) { return }
    let catalog = try Catalog(path: configuration.catalogFile)
    let authority = try CertificateAuthority.open(
      directory: configuration.authorityDirectory, fleet: configuration.fleet)
    let files = OperatorFiles(directory: configuration.stateDirectory + "/operator")
    if try await FirstOperator(files: files, authority: authority, operators: catalog)
      .issueOnce(server: OperatorFiles.address(configuration))
    {
      logger.notice(
        "first operator's identity written", metadata: ["directory": "\(files.directory)"])
    }
    let assembly = try await CoordinatorAssembly(configuration, catalog, authority, cluster, logger)
    var group = ServiceGroupConfiguration(
      services: try assembly.services().map { .init(service: $0) },
      gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    group.maximumGracefulShutdownDuration = .seconds(25)
    try await ServiceGroup(configuration: group).run()
    try catalog.close()
    await cluster?.close()
  }
}
