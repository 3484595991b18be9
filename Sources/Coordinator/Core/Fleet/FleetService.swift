internal import CutProtocol
package import Model

/// Answers for the whole fleet, from the catalog and from what the agents last said.
package struct FleetService: FleetOperations {
  /// Where its answers come from.
  package struct Sources: Sendable {
    package var nodes: any NodeStore
    package var placements: any PlacementStore
    package var plans: any PlanStore
    package var backups: any BackupStore
    package var directory: FleetDirectory
    package var service: BackupService
    package var closer: AttemptCloser
    package var fences: FenceSource

    package init(
      nodes: any NodeStore, placements: any PlacementStore, plans: any PlanStore,
      backups: any BackupStore, directory: FleetDirectory, service: BackupService,
      closer: AttemptCloser, fences: FenceSource
    ) {
      self.nodes = nodes
      self.placements = placements
      self.plans = plans
      self.backups = backups
      self.directory = directory
      self.service = service
      self.closer = closer
      self.fences = fences
    }
  }

  /// How many of a plan's newest backups are looked through for one that met it.
  private static let lookBack = 200

  /// How long ago a connected agent may have looked for its answer to count as now: three of its pulses.
  private static let freshness = Duration.seconds(15)

  private let fleet: FleetID
  private let version: String
  private let startedAt: Timestamp
  let sources: Sources

  package init(fleet: FleetID, version: String, startedAt: Timestamp, sources: Sources) {
    self.fleet = fleet
    self.version = version
    self.startedAt = startedAt
    self.sources = sources
  }

  package func status() async throws(OperationError) -> FleetStatus {
    FleetStatus(
      fleet: fleet, version: version, epoch: await sources.fences.epoch, startedAt: startedAt,
      nodes: try await nodes(), services: try await services(),
      running: await sources.service.runningBackups, waiting: await sources.service.waiting(),
      openClean: await sources.closer.openCount())
  }

  package func nodes() async throws(OperationError) -> [NodeStatus] {
    do throws(CatalogError) {
      let counts = Dictionary(grouping: try await sources.placements.running(on: nil), by: \.node)
      var result: [NodeStatus] = []
      for record in try await sources.nodes.nodes() {
        let presence = await sources.directory.presence(of: record.id)
        let isConnected = presence?.isConnected ?? false
        let connection: NodeStatus.Connection =
          record.revokedAt != nil ? .revoked : isConnected ? .connected : .away
        result.append(
          NodeStatus(
            record: record, connection: connection,
            held: isConnected ? presence?.heartbeat?.held ?? [] : [],
            troubles: [await sources.directory.trouble(of: record.id)].compactMap { $0 }
              + (presence?.heartbeat?.troubles ?? []),
            placements: counts[record.id]?.count ?? 0))
      }
      return result
    } catch {
      throw OperationError(error)
    }
  }

  package func services() async throws(OperationError) -> [ServiceStatus] {
    do throws(CatalogError) {
      let running = Dictionary(
        grouping: try await sources.placements.running(on: nil), by: \.serviceID)
      let plans = try await sources.plans.plans()
      let protections = try await protections(plans)
      return try await sources.placements.services().map { known in
        let placements = running[known.id] ?? []
        let naming = plans.flatMap { record in
          record.plan.services.filter { planned in
            placements.contains { planned.selector.matches($0) }
          }.map { (plan: record.plan.name, planned: $0.name) }
        }
        let good = naming.compactMap { protections[Protected(plan: $0.plan, service: $0.planned)] }
          .max { $0.at < $1.at }
        return ServiceStatus(
          service: known.id, kind: known.newest.placement.workload?.kind, placements: placements,
          plans: naming.map(\.plan), lastGood: good?.backup, lastGoodAt: good?.at)
      }
    } catch {
      throw OperationError(error)
    }
  }

  private struct Protected: Hashable {
    var plan: PlanName
    var service: ServiceName
  }

  /// The newest backup of each planned service that met its plan.
  private func protections(_ plans: [PlanRecord]) async throws(CatalogError)
    -> [Protected: (backup: BackupID, at: Timestamp)]
  {
    var result: [Protected: (backup: BackupID, at: Timestamp)] = [:]
    for record in plans {
      let recent = try await sources.backups.backups(of: record.plan.name, limit: Self.lookBack)
      guard
        let good = recent.first(where: { $0.meetsPlan == true && $0.deletionBegan == nil })
      else { continue }
      for member in good.plan.plan.members {
        result[Protected(plan: record.plan.name, service: member.name)] = (
          good.plan.plan.backup, good.plan.plan.createdAt
        )
      }
    }
    return result
  }

  package func whereabouts(of service: ServiceID, at time: Timestamp?)
    async throws(OperationError) -> Whereabouts
  {
    let now = Timestamp.now()
    do throws(CatalogError) {
      var answer = try await sources.placements.whereabouts(of: service, at: time ?? now)
      guard time == nil else { return answer }
      var unknown: [Whereabouts.Gap] = []
      for gap in answer.unknown where await !isWatched(gap, now: now) { unknown.append(gap) }
      answer.unknown = unknown
      return answer
    } catch {
      throw OperationError(error)
    }
  }

  /// Asked for now, the moments since a connected agent last looked are no gap: it looks every few seconds.
  private func isWatched(_ gap: Whereabouts.Gap, now: Timestamp) async -> Bool {
    guard gap.to == nil, let presence = await sources.directory.presence(of: gap.node),
      presence.isConnected, let observed = presence.observedThrough
    else { return false }
    return now - observed < Self.freshness
  }

  package func history(of service: ServiceID, limit: Int) async throws(OperationError)
    -> [PlacementInterval]
  {
    do {
      return try await sources.placements.history(of: service, limit: limit)
    } catch {
      throw OperationError(error)
    }
  }

  package func placements(on node: NodeID) async throws(OperationError) -> [Placement] {
    do throws(CatalogError) {
      guard try await sources.nodes.node(node) != nil else {
        throw CatalogError(
          .notFound, "there is no node \(node)", hint: "see 'stillpoint node list'")
      }
      return try await sources.placements.running(on: node)
    } catch {
      throw OperationError(error)
    }
  }
}
