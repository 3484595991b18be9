internal import Logging
package import Model
internal import Synchronization

extension Discovery {
  /// What is shared with those who may not wait.
  struct Shared {
    var view: DiscoveryView
    var waiters: [UInt64: AsyncStream<Void>.Continuation] = [:]
    var waiterCount: UInt64 = 0
  }

  /// Which journal the records belong to; changes only by `meet`.
  package nonisolated var journalID: String { view.journal }

  /// The records with a sequence number above `sequence`, oldest first, without holes, at most `limit`.
  ///
  /// Throws `discontinuity` when the journal does not reach back that far or does not go that far; see `meet`.
  package func records(after sequence: UInt64, limit: Int) throws(JournalError)
    -> [PlacementRecord]
  {
    try journal.records(after: sequence, limit: limit)
  }

  /// Returns as soon as there is a record above `sequence`, or when the task is cancelled.
  package nonisolated func waitForRecords(after sequence: UInt64) async {
    let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let number = shared.withLock { shared in
      shared.waiterCount += 1
      shared.waiters[shared.waiterCount] = continuation
      return shared.waiterCount
    }
    defer { shared.withLock { $0.waiters[number] = nil } }
    if view.journalEnd > sequence { return }
    for await _ in stream where view.journalEnd > sequence { return }
  }

  /// The coordinator has stored everything up to and with `sequence` durably.
  package func acknowledge(through sequence: UInt64) {
    do {
      try journal.acknowledge(through: sequence)
    } catch {
      // The file in force is whole; only its acknowledged part could not be dropped.
      logger.warning("placement journal not compacted", metadata: ["error": "\(error)"])
      troubles.storage = "the placement journal cannot be compacted: \(error)"
      publish()
    }
  }

  /// Compares what the coordinator says it has applied of this journal with the journal itself.
  ///
  /// When they do not meet (a coordinator restored from an old copy of its catalog, a state directory from an old
  /// copy of the disk), a new journal begins, with another ID: what runs is then told anew and the time before counts
  /// as unseen. Returns whether that was done; the link then says hello again.
  package func meet(applied sequence: UInt64) throws(JournalError) -> Bool {
    guard sequence < journal.base || sequence > journal.end else { return false }
    logger.warning(
      "coordinator and placement journal do not meet; a new journal begins",
      metadata: [
        "applied": "\(sequence)", "kept": "\(journal.base)…\(journal.end)",
      ])
    try journal.beginAnew()
    tracker = PlacementTracker(
      node: journal.node, knowledge: journal.knowledge, observedThrough: nil)
    publish()
    lookNow()
    return true
  }
}
