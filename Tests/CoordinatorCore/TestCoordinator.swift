import Catalog
import CoordinatorCore
import CutProtocol
import Foundation
import Lifecycle
import Logging
import Model

/// The coordinator's core with the real catalog in a file of its own, and a fake fleet.
struct TestCoordinator {
  let catalog: Catalog
  let fleet: FakeFleet
  let backups: BackupService
  let restores: RestoreService
  let directory: FleetDirectory
  let closer: AttemptCloser
  let fences: FenceSource
  let router: CutRouter
  let turns: CutTurns
  let crew: Crew

  init(
    path: String, fleet: FakeFleet = FakeFleet(), times: CutTimes,
    source: (any ManifestSource)? = nil, restorer: (any ObjectRestorer)? = nil,
    archive: (any BackupArchive)? = nil, room: ManifestRoom = ManifestRoom()
  ) async throws {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let catalog = try Catalog(path: path)
    let router = CutRouter()
    let clock = BootClock()
    let fences = try await FenceSource(store: catalog)
    let closer = AttemptCloser(store: catalog, gateway: fleet, fences: fences, logger: logger)
    let crew = Crew()
    let turns = CutTurns()
    directory = FleetDirectory(
      nodes: catalog, placements: catalog, audit: catalog, fences: fences, router: router,
      closer: closer,
      clock: clock, logger: logger)
    backups = BackupService(
      environment: BackupService.Environment(
        fleet: try FleetID("fleet"), cuts: catalog, backups: catalog, plans: catalog,
        placements: catalog, audit: catalog, gateway: fleet,
        driver: CutDriver(
          gateway: fleet, store: catalog, router: router, verifier: NameVerifier(),
          fences: fences, clock: clock, logger: logger), closer: closer, fences: fences,
        turns: turns, verifier: NameVerifier(), authorities: [], times: times, requests: catalog,
        manifests: source.flatMap { source in
          ManifestSeal(key: Data(repeating: 7, count: ManifestSeal.keySize)).map {
            ManifestKeeping(
              source: source, store: catalog, seal: $0, headStart: .milliseconds(300))
          }
        }, archive: archive, logger: logger), tasks: crew)
    restores = RestoreService(
      store: catalog, audit: catalog, backups: backups, gateway: fleet, restorer: restorer,
      room: room, tasks: crew, logger: logger)
    self.catalog = catalog
    self.fleet = fleet
    self.closer = closer
    self.fences = fences
    self.router = router
    self.turns = turns
    self.crew = crew
    fleet.connect(to: directory)
  }

  /// What operators ask about the fleet.
  func fleetService(_ id: FleetID) -> FleetService {
    FleetService(
      fleet: id, version: "test", startedAt: .now(),
      sources: FleetService.Sources(
        nodes: catalog, placements: catalog, plans: catalog, backups: catalog,
        directory: directory, service: backups, closer: closer, fences: fences))
  }

  /// Enrols the nodes, records what runs on them, stores the plan.
  func stock(_ services: [String] = ["orders", "payments"], plan: BackupPlan? = nil) async throws {
    for service in services { try await enrol(Shop.placement(service)) }
    _ = try await catalog.save(
      plan ?? Shop.plan(services: services), source: "", by: "test", at: .now())
  }

  /// Enrols the node of a container and records that it runs.
  func enrol(_ placement: Placement) async throws {
    try await catalog.enrolled(
      placement.node, publicKeyHash: Data(repeating: 1, count: 32), at: .now())
    _ = try await catalog.apply(
      [PlacementRecord(sequence: 1, time: .now(), change: .started(placement))],
      journal: "j-\(placement.service)", of: placement.node)
  }

  /// Takes one backup and waits until it has its outcome.
  func backUp() async throws -> BackupRecord {
    let id = try await backups.createBackup(of: PlanName("shop"), author: "test")
    for await _ in try await backups.progress(of: id) {}
    return try await backups.backup(id)
  }
}

/// Runs `body` beside a coordinator that works, in a directory of its own.
func withCoordinator<Value: Sendable>(
  times: CutTimes = .quick, source: (any ManifestSource)? = nil,
  restorer: (any ObjectRestorer)? = nil, archive: (any BackupArchive)? = nil,
  room: ManifestRoom = ManifestRoom(), isFirst: Bool = true,
  _ body: (TestCoordinator) async throws -> Value
) async throws -> Value {
  let directory = FileManager.default.temporaryDirectory
    .appendingPathComponent("core-test-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
  defer { try? FileManager.default.removeItem(atPath: directory) }
  let coordinator = try await TestCoordinator(
    path: directory + "/catalog", times: times, source: source, restorer: restorer,
    archive: archive, room: room)
  async let work: Void = coordinator.crew.work()
  // What a recovery does first: there is no earlier coordinator here.
  if isFirst { _ = await coordinator.turns.adopt([]) }
  let result: Result<Value, any Error>
  do { result = .success(try await body(coordinator)) } catch { result = .failure(error) }
  coordinator.crew.close()
  await work
  try coordinator.catalog.close()
  return try result.get()
}

extension CutTimes {
  /// As in production, but with attempts that follow each other at once.
  static var quick: CutTimes {
    var times = CutTimes()
    times.pauses = [.milliseconds(20), .milliseconds(20)]
    times.prepare = .seconds(20)
    return times
  }
}
