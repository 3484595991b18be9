internal import CoordinatorCore
internal import FleetServer
internal import Identity
internal import Lifecycle
internal import ServiceLifecycle

/// The cuts, restores and everything that goes on beside them.
struct CoordinatorWork: Service {
  /// How often what an agent has left open is asked for again.
  private static let sweep = Duration.seconds(5)

  let crew: Crew
  let closer: AttemptCloser
  let backups: BackupService
  let restores: RestoreService
  let recovery: CutRecovery

  func run() async throws {
    let closer = closer
    let backups = backups
    let recovery = recovery
    crew.run {
      await recovery.run { await backups.commit($0) }
      await closer.sweep(node: nil)
    }
    crew.run {
      while (try? await Task.sleep(for: Self.sweep)) != nil { await closer.sweep(node: nil) }
    }
    await restores.resume()
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await crew.work() }
      group.addTask {
        // Throws when the whole coordinator is cancelled, which must end the cuts as well.
        try? await gracefulShutdown()
        crew.close()
      }
      await group.waitForAll()
    }
  }
}

/// Hands the coordinator's renewed certificate to the operator API.
struct ShownCertificate: Service {
  let certificate: CoordinatorCertificate
  let shown: HeldCredential

  func run() async throws {
    await cancelWhenGracefulShutdown {
      while (try? await Task.sleep(for: .seconds(30))) != nil {
        shown.replace(with: certificate.credential)
      }
    }
  }
}
