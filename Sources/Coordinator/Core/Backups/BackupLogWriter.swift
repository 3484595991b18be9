internal import CutProtocol
internal import Logging
internal import Model

/// Brings what happens in a cut into the backup's log, many lines at a time.
///
/// Each line by itself would be a flush of the catalog's disk, for every step of every member, just while they are held.
actor BackupLogWriter {
  /// How long lines wait for others to be written with them. Whoever watches sees them at once.
  private static let patience = Duration.milliseconds(250)

  private let backup: BackupID
  private let store: any BackupStore
  private let clock: any CutClock
  private let logger: Logger
  private var waiting: [BackupLogEntry] = []
  private var isWaiting = false

  init(backup: BackupID, store: any BackupStore, clock: any CutClock, logger: Logger) {
    self.backup = backup
    self.store = store
    self.clock = clock
    self.logger = logger
  }

  /// Returns when the entries have ended and all of them are written.
  func run(_ entries: AsyncStream<BackupLogEntry>) async {
    await withTaskGroup(of: Void.self) { tasks in
      for await entry in entries {
        waiting.append(entry)
        guard !isWaiting else { continue }
        isWaiting = true
        tasks.addTask { await self.writeLater() }
      }
      // Whoever still waits for more lines finds nothing left to write.
      tasks.cancelAll()
    }
    await write()
  }

  private func writeLater() async {
    // Cancelled once no more lines come; they are then written at once.
    guard (try? await clock.sleep(until: clock.now() + Self.patience)) != nil else { return }
    isWaiting = false
    await write()
  }

  private func write() async {
    let entries = waiting
    guard !entries.isEmpty else { return }
    waiting = []
    do {
      try await store.log(entries, of: backup)
    } catch {
      logger.warning(
        "backup log lines lost",
        metadata: ["backup": "\(backup)", "lines": "\(entries.count)", "error": "\(error)"])
    }
  }
}
