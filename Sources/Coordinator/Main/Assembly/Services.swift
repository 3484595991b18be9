internal import CoordinatorCore
internal import FleetServer
internal import Identity
internal import Lifecycle
internal import ServiceLifecycle

/// The cuts, restores and everything that goes on beside them.
struct CoordinatorWork: Service {
  let crew: Crew
  let upkeep: CutUpkeep
  let restores: RestoreService

  func run() async throws {
    upkeep.begin(on: crew)
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
