internal import Catalog
internal import ConfigurationFile
internal import CoordinatorCore
internal import CoordinatorKubernetes
internal import CutProtocol
internal import FleetServer
internal import Foundation
internal import Identity
internal import KubernetesClient
internal import Lifecycle
internal import Logging
internal import Model
internal import OperatorAPI
internal import Release
internal import ServiceLifecycle

/// Every part of the coordinator, made in the order of their dependencies.
struct CoordinatorAssembly {
  private let configuration: CoordinatorConfiguration
  private let catalog: Catalog
  private let authority: CertificateAuthority
  private let logger: Logger
  private let certificate: CoordinatorCertificate
  private let gateway: FleetGateway
  private let directory: FleetDirectory
  private let operations: Operations
  private let crew = Crew()
  private let work: CoordinatorWork
  private let cluster: ClusterLink?
  private let clusterOperations: ClusterControllers.Operations

  init(
    _ configuration: CoordinatorConfiguration, _ catalog: Catalog,
    _ authority: CertificateAuthority, _ cluster: ClusterLink?, _ exports: ExportDirectory?,
    _ logger: Logger
  ) async throws {
    self.cluster = cluster
    self.configuration = configuration
    self.catalog = catalog
    self.authority = authority
    self.logger = logger
    certificate = try CoordinatorCertificate(authority: authority, logger: logger)
    gateway = FleetGateway(registry: catalog, logger: logger)
    let trust = try authority.trust
    let verifier = FleetCertificateVerifier(trust: trust)
    let authorities = try trust.authorities.map { Data(try $0.der) }
    let clock = BootClock()
    let times = CutTimes()
    let fences = try await FenceSource(store: catalog)
    let router = CutRouter()
    let turns = CutTurns()
    let closer = AttemptCloser(
      store: catalog, gateway: gateway, fences: fences, logger: logger)
    directory = FleetDirectory(
      nodes: catalog, placements: catalog, audit: catalog, fences: fences, router: router,
      closer: closer,
      clock: clock, logger: logger)
    let backups = BackupService(
      environment: BackupService.Environment(
        fleet: configuration.fleet, cuts: catalog, backups: catalog, plans: catalog,
        placements: catalog, audit: catalog, gateway: gateway,
        driver: CutDriver(
          gateway: gateway, store: catalog, router: router, verifier: verifier, fences: fences,
          clock: clock, logger: logger),
        closer: closer, fences: fences, turns: turns, verifier: verifier,
        authorities: authorities,
        times: times, clock: clock, requests: catalog,
        manifests: try Self.manifests(configuration, catalog, cluster, clock, logger),
        archive: exports,
        logger: logger), tasks: crew)
    let hooks = AgentHooks(
      placements: catalog, gateway: gateway, clock: clock, logger: logger)
    let restores = RestoreService(
      store: catalog, audit: catalog, backups: backups, gateway: gateway,
      restorer: cluster.map {
        ClusterRestorer(client: $0.client, hooks: hooks, logger: logger)
      }, tasks: crew,
      logger: logger)
    let issuer = authority
    operations = Operations(
      fleet: FleetService(
        fleet: configuration.fleet, version: Release.version,
        startedAt: .now(),
        sources: FleetService.Sources(
          nodes: catalog, placements: catalog, plans: catalog, backups: catalog,
          directory: directory, service: backups, closer: closer, fences: fences)),
      plans: PlanService(
        fleet: configuration.fleet, store: catalog, placements: catalog, audit: catalog,
        rehearsal: PlanRehearsal(
          gateway: gateway, router: router, fences: fences, turns: turns, clock: clock,
          times: times),
        probing: PlanProbing(gateway: gateway)),
      backups: backups, manifests: backups, restores: restores,
      agents: AgentService(
        nodes: catalog, audit: catalog, gateway: gateway,
        issue: { node in
          let token = EnrolmentToken(node: node, authority: issuer)
          let expires = Timestamp.now() + EnrolmentToken.lifetime
          try await catalog.store(hash: token.hash, node: node, expires: expires)
          return (token.text, expires)
        },
        copyCatalog: { path throws(CatalogError) in try await catalog.backup(to: path) }),
      operators: OperatorService(
        store: catalog, audit: catalog,
        issue: { name, request, time in
          let issued = try issuer.issueOperator(name, request: request, now: time)
          return IssuedOperator(
            certificate: OperatorCertificate(
              name: name, issued: issued.certificate.issuedAt,
              expires: issued.certificate.expiresAt), pem: issued.pem)
        }, logger: logger),
      catalogBytes: { Self.size(of: configuration.catalogFile) })
    clusterOperations = ClusterControllers.Operations(
      plans: operations.plans, backups: backups, requests: backups, restores: restores)
    work = CoordinatorWork(
      crew: crew,
      upkeep: CutUpkeep(
        closer: closer, backups: backups,
        recovery: CutRecovery(
          store: catalog, closer: closer, turns: turns, verifier: verifier,
          authorities: authorities, clock: clock, logger: logger), clock: clock),
      restores: restores)
  }

  /// This is not the active coordinator any more: no order goes out from here on, and what runs is cancelled.
  func retire() {
    gateway.retire()
    crew.close()
  }

  /// In the order in which they start; they stop in the reverse one. `onServing` is called once agents and operators are
  /// served.
  func services(onServing: @escaping @Sendable () -> Void) throws -> [any Service] {
    let shown = HeldCredential(certificate.credential)
    let fleet = try FleetServer(
      configuration: FleetServerConfiguration(
        host: configuration.fleetListen.host, port: configuration.fleetListen.port,
        enrolmentPort: configuration.enrolmentListen.port,
        version: Release.version),
      authority: authority, certificate: certificate, gateway: gateway, events: directory,
      tokens: catalog, registry: catalog,
      pods: cluster.map { AgentPods(client: $0.client) }, logger: logger)
    let served: [any Service] = [
      fleet,
      ShownCertificate(certificate: certificate, shown: shown),
      try OperatorServer(
        address: OperatorAddress(
          host: configuration.apiListen.host, port: configuration.apiListen.port),
        tls: OperatorTLS(credential: shown), operations: operations, logger: logger,
        onRunning: { _ in
          // Where agents cannot be listened for, that ends the coordinator by itself.
          guard (try? await fleet.port) != nil, (try? await fleet.enrolmentPort) != nil else {
            return
          }
          onServing()
          ServiceManager.ready()
        }),
      // Stopped first: a cut that runs is ended while the agents can still be told.
      work,
    ]
    guard let cluster else { return served }
    let controllers = ClusterControllers(
      client: cluster.client, operations: clusterOperations, home: cluster.client.namespace,
      logger: logger)
    let notice = AuthorityNotice(
      client: cluster.client, pin: "\(AuthorityPin(of: authority))", logger: logger)
    return served + [
      ClusterWork(
        controllers: controllers, notice: notice,
        recorder: WorkloadRecorder(client: cluster.client, store: catalog, logger: logger))
    ]
  }

  /// Nil where no cluster is served. The key for Secrets lies beside the catalog, not in it.
  private static func manifests(
    _ configuration: CoordinatorConfiguration, _ catalog: Catalog, _ cluster: ClusterLink?,
    _ clock: any CutClock, _ logger: Logger
  ) throws -> ManifestKeeping? {
    guard let cluster else { return nil }
    let directory = try PrivateDirectory(path: configuration.stateDirectory)
    let name = "manifests.key"
    let found = try directory.read(name)
    let key = found ?? ManifestSeal.newKey()
    if found == nil { try directory.write(name, key) }
    guard let seal = ManifestSeal(key: key) else {
      throw ConfigurationError(
        "\(configuration.stateDirectory)/\(name) is no key of \(ManifestSeal.keySize) bytes: put "
          + "the right one back, or move it aside and lose the Secrets of earlier backups")
    }
    return ManifestKeeping(
      source: ClusterManifests(client: cluster.client, clock: clock, logger: logger),
      store: catalog, seal: seal)
  }

  /// The catalog's files together; nil when they cannot be looked at.
  private static func size(of file: String) -> Int64? {
    var total: Int64?
    for path in [file, file + "-wal", file + "-shm"] {
      let attributes = try? FileManager.default.attributesOfItem(atPath: path)
      guard let size = attributes?[.size] as? NSNumber else { continue }
      total = (total ?? 0) + size.int64Value
    }
    return total
  }
}
