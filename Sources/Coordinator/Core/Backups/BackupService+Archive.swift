internal import CutProtocol
internal import Logging
internal import Model

/// What is on its way into the archive.
struct ArchiveQueue {
  /// Backups that ended and are not in the archive as far as is known.
  var waiting: Set<BackupID> = []
  /// One writer at a time.
  var isWriting = false
  /// Said once, not every minute.
  var trouble: String?
}

/// A backup counts as taken without its export: an archive that cannot be written now is brought up to date as soon as it can.
extension BackupService {
  /// How often what could not be written is tried again.
  private static let retry = Duration.seconds(60)

  /// Brings the archive up to date, and keeps it so until cancelled.
  func keepArchive() async {
    guard let archive = environment.archive else { return }
    let clock = environment.clock
    var isCompared = false
    repeat {
      if !isCompared { isCompared = await compare(archive) }
      await writeWaiting(to: archive)
    } while (try? await clock.sleep(until: clock.now() + Self.retry)) != nil
  }

  /// A backup has ended, or was imported.
  func export(_ id: BackupID) async {
    guard let archive = environment.archive else { return }
    queue.waiting.insert(id)
    await writeWaiting(to: archive)
  }

  func removeExport(of id: BackupID) async throws(OperationError) {
    guard let archive = environment.archive else { return }
    queue.waiting.remove(id)
    do {
      try await archive.remove(id)
    } catch {
      throw OperationError(
        .unavailable, "the export of backup \(id) was not removed: \(error)",
        hint: "the backup stays marked as being deleted; run the command again")
    }
  }

  private func compare(_ archive: any BackupArchive) async -> Bool {
    do {
      let exported = try await archive.contents()
      queue.waiting.formUnion(Set(try await environment.backups.ended()).subtracting(exported))
      return true
    } catch {
      note(error)
      return false
    }
  }

  private func writeWaiting(to archive: any BackupArchive) async {
    guard !queue.isWriting else { return }
    queue.isWriting = true
    defer { queue.isWriting = false }
    while let id = queue.waiting.min() {
      do {
        try await archive.store(try await evidence(of: id), of: id)
        // Whoever deleted the backup meanwhile has removed an export that was not there yet.
        if queue.waiting.remove(id) == nil { try await archive.remove(id) }
        queue.trouble = nil
      } catch let error as OperationError where error.code == .notFound {
        queue.waiting.remove(id)
      } catch {
        return note(error)
      }
    }
  }

  private func note(_ error: any Error) {
    let trouble = "\(error)"
    guard queue.trouble != trouble else { return }
    queue.trouble = trouble
    environment.logger.error(
      "ended backups are not exported; tried again every minute",
      metadata: ["waiting": "\(queue.waiting.count)", "error": "\(trouble)"])
  }
}
