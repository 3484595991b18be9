internal import AgentCore
internal import Logging
internal import ServiceLifecycle
internal import Snapshots

/// Keeps the connections to the CSI drivers, mounts again what a reboot has unmounted, and takes away what a trial of a
/// driver left when the agent ended in the middle of it.
struct DriverConnections: Service {
  let snapshots: CSISnapshotProvider
  let volumesRoot: String
  let logger: Logger

  func run() async throws {
    await cancelWhenGracefulShutdown {
      await withTaskGroup(of: Void.self) { group in
        // Ends only when it is cancelled: connections reconnect by themselves.
        group.addTask { try? await snapshots.drivers.run() }
        group.addTask { await republish() }
        group.addTask {
          for left in await snapshots.removeProbes() {
            logger.warning("left by a driver probe", metadata: ["what": "\(left)"])
          }
        }
      }
    }
  }

  private func republish() async {
    do {
      for volume in try await snapshots.publisher.republishAll(root: volumesRoot) {
        logger.info("volume mounted again", metadata: ["volume": "\(volume.name)"])
      }
    } catch {
      logger.error("volumes not mounted again", metadata: ["error": "\(error)"])
    }
  }
}

struct DiscoveryLoop: Service {
  let discovery: Discovery

  func run() async throws {
    await cancelWhenGracefulShutdown { await discovery.run() }
  }
}

/// Runs the holds; at shutdown ends all of them before it returns.
struct CutLoop: Service {
  let cuts: CutService

  func run() async throws {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await cuts.run() }
      group.addTask {
        // Throws when the whole agent is cancelled, which must end the holds as well.
        try? await gracefulShutdown()
        await cuts.stop()
      }
      await group.waitForAll()
    }
  }
}
