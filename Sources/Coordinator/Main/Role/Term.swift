internal import Catalog
internal import CoordinatorCore
internal import Foundation
internal import Identity
internal import LinuxSystem
internal import Logging
internal import ServiceLifecycle

/// One time as the active coordinator: opens the catalog, begins an epoch, serves, and closes the catalog.
struct Term {
  let configuration: CoordinatorConfiguration
  let cluster: ClusterLink?
  let exports: ExportDirectory?
  let status: RoleStatus
  /// Nil where no lease can be lost.
  let loss: TermLoss?
  let logger: Logger

  /// Returns when everything has stopped and the catalog is closed: after a graceful shutdown, or a loss.
  func run() async throws {
    guard let catalog = try await openedCatalog() else { return }
    loss?.atOnce { catalog.retire() }
    do {
      try await serve(catalog)
    } catch  where loss?.isLost == true {
      // Whatever was refused or cancelled on the way out: the next term begins anew, as after a crash.
      logger.info("term ended", metadata: ["error": "\(error)"])
    }
    // One that cannot be closed could not be opened again either: its error ends the process.
    try catalog.close()
  }

  /// Nil when the coordinator is stopped meanwhile. A large catalog is checked for minutes.
  private func openedCatalog() async throws -> Catalog? {
    let path = configuration.catalogFile
    let opened = await cancelWhenGracefulShutdown {
      await onAbandonedThread { Result { () throws(CatalogError) in try Catalog(path: path) } }
    }
    if let opened { return try opened.get() }
    guard Task.isShuttingDownGracefully else { throw StillOpening(catalog: path) }
    return nil
  }

  private func serve(_ catalog: Catalog) async throws {
    let authority = try CertificateAuthority.open(
      directory: configuration.authorityDirectory, fleet: configuration.fleet)
    let files = OperatorFiles(directory: configuration.stateDirectory + "/operator")
    if try await FirstOperator(files: files, authority: authority, operators: catalog)
      .issueOnce(server: OperatorFiles.address(configuration))
    {
      logger.notice(
        "first operator's identity written", metadata: ["directory": "\(files.directory)"])
    }
    let assembly = try await CoordinatorAssembly(
      configuration, catalog, authority, cluster, exports, logger)
    loss?.atOnce { assembly.retire() }
    guard loss?.isLost != true else { return }
    var services = try assembly.services { status.served() }
      .map { ServiceGroupConfiguration.ServiceConfiguration(service: $0) }
    if let loss {
      services.append(
        .init(
          service: LossWatch(loss: loss), successTerminationBehavior: .gracefullyShutdownGroup))
    }
    try await ServiceGroup(
      configuration: ServiceGroupConfiguration(services: services, logger: logger)
    ).run()
  }
}

/// The lease was lost while the catalog was being opened, and opening it cannot be broken off.
struct StillOpening: Error, CustomStringConvertible {
  var catalog: String

  var description: String {
    "the lease was lost while the catalog \(catalog) was being opened, which cannot be broken off: the process ends instead"
  }
}
