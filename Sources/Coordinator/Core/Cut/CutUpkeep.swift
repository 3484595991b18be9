package import CutProtocol
package import Lifecycle

/// What a coordinator does about cuts beside taking new ones: settles those of its earlier lives, asks again and
/// again for what agents have left open, and exports what ended.
package struct CutUpkeep: Sendable {
  /// How often what an agent has left open is asked for again.
  private static let sweep = Duration.seconds(5)

  private let closer: AttemptCloser
  private let backups: BackupService
  private let recovery: CutRecovery
  private let clock: any CutClock

  package init(
    closer: AttemptCloser, backups: BackupService, recovery: CutRecovery, clock: any CutClock
  ) {
    self.closer = closer
    self.backups = backups
    self.recovery = recovery
    self.clock = clock
  }

  /// Hands the work to the crew, which runs it until it is closed.
  package func begin(on crew: Crew) {
    crew.run {
      await recovery.run(
        takeUp: { await backups.takeUp($0, $1) }, commit: { await backups.commit($0) })
      await closer.sweep(node: nil)
    }
    crew.run { await backups.keepArchive() }
    crew.run {
      while (try? await clock.sleep(until: clock.now() + Self.sweep)) != nil {
        await closer.sweep(node: nil)
      }
    }
  }
}
