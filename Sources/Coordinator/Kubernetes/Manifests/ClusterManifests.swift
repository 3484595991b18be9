package import CoordinatorCore
package import CutProtocol
package import KubernetesClient
package import Logging

/// Reads the namespaces of backups from one cluster.
///
/// Memory: the trimmed manifests of what is read, with the pages that are being read `CaptureLimits.memory` at most, however many
/// backups are taken at once.
package struct ClusterManifests: ManifestSource {
  private let client: KubernetesClient
  private let clock: any CutClock
  private let limits: CaptureLimits
  private let places: WatchPlaces
  private let room: CaptureRoom
  private let turns: ListTurns
  private let logger: Logger

  package init(
    client: KubernetesClient, clock: any CutClock, limits: CaptureLimits = CaptureLimits(),
    logger: Logger
  ) {
    self.client = client
    self.clock = clock
    self.limits = limits
    self.logger = logger
    places = WatchPlaces(limits.watches)
    room = CaptureRoom(limits.room)
    turns = ListTurns(limits.lists)
  }

  package func capture(
    _ request: ManifestRequest, beside session: ManifestSession,
    keep: @escaping @Sendable ([BackupManifest]) async throws(CatalogError) -> Void
  ) async -> ManifestSummary {
    defer { session.listingEnded() }
    func failed(_ reason: String) -> ManifestSummary {
      ManifestSummary(state: .failed, reason: reason, namespaces: request.namespaces)
    }
    let directory: APIDirectory
    do throws(KubernetesError) {
      directory = try await client.with(.capture, timeout: limits.discovery).discover()
    } catch {
      return failed("the API server could not be asked before the cut: \(error.message)")
    }
    let choice = KindChoice(rules: request.rules)
    let capture = NamespaceCapture(
      request, ListReader(client, turns, clock, limits), clock, limits, in: room)
    var records = capture.records(of: choice.namespaced(in: directory), choice)
    await capture.list(records)
    let needed = capture.needed(by: records)
    await capture.list(needed)
    records = needed + records
    session.listingEnded()
    return await withTaskGroup(of: Void.self) { group in
      // What is not there needs no watch: should it come, the second list shows it.
      for record in records where record.canBeWatched && !record.isEmpty && places.take() {
        group.addTask {
          await record.follow(client)
          places.giveBack()
        }
      }
      defer { group.cancelAll() }
      guard let witness = await session.witness() else {
        return failed("the cut had no witness")
      }
      await capture.listAgain(records)
      return await capture.keep(
        records, at: witness, missing: missing(choice, directory), keep)
    }
  }

  private func missing(_ choice: KindChoice, _ directory: APIDirectory)
    -> [ManifestSummary.Skipped]
  {
    choice.unknown(in: directory).map {
      ManifestSummary.Skipped(
        resource: $0, namespace: nil, reason: "the server behind this group does not answer")
    }
      + choice.missing(in: directory).map {
        ManifestSummary.Skipped(
          resource: $0, namespace: nil, reason: "the cluster serves no such kind")
      }
  }
}
