package import CutProtocol
package import Model

/// Reads what the namespaces of a backup consist of, beside its cut.
///
/// No cut waits for it while a member is held, and nothing that goes wrong here spoils one.
package protocol ManifestSource: Sendable {
  /// Looks at everything before the witness and again after it, and hands what it found to `keep`, a bounded part after the
  /// other. Returns what there is and what is missing; never later than `session`'s end and a bounded time.
  func capture(
    _ request: ManifestRequest, beside session: ManifestSession,
    keep: @escaping @Sendable ([BackupManifest]) async throws(CatalogError) -> Void
  ) async -> ManifestSummary
}

package struct ManifestRequest: Hashable, Sendable {
  package var backup: BackupID
  /// Sorted.
  package var namespaces: [String]
  package var rules: ManifestRules

  package init(backup: BackupID, namespaces: [String], rules: ManifestRules) {
    self.backup = backup
    self.namespaces = namespaces
    self.rules = rules
  }

  /// Nil for a cut that asks for none, or whose members are in no namespace.
  package init?(_ plan: CutPlan) {
    let rules = plan.manifests ?? ManifestRules()
    let namespaces = Set(plan.members.map(\.namespace)).subtracting([""]).sorted()
    guard rules.capture != .none, !namespaces.isEmpty else { return nil }
    self.init(backup: plan.backup, namespaces: namespaces, rules: rules)
  }
}

/// What a cut and the reading beside it tell each other. Each side says its word once.
package final class ManifestSession: Sendable {
  /// From before the first group's witness until after the last one's, on the coordinator's clock.
  package typealias Witness = ClosedRange<Duration>

  private let listed = AsyncStream<Void>.makeStream()
  private let cut = AsyncStream<Witness?>.makeStream(bufferingPolicy: .bufferingOldest(1))

  package init() {}

  /// What was there before is known, or will not be known in time.
  package func listingEnded() { listed.continuation.finish() }

  /// The cut is over; nil when it had no witness.
  package func cutEnded(_ witness: Witness?) {
    cut.continuation.yield(witness)
    cut.continuation.finish()
  }

  /// Waits for `listingEnded`, and for nothing longer than until `deadline`.
  package func waitForListing(until deadline: Duration, _ clock: any CutClock) async {
    let listed = listed.stream
    await withTaskGroup(of: Void.self) { group in
      group.addTask { for await _ in listed {} }
      // A cancelled sleep ends the wait as well.
      group.addTask { try? await clock.sleep(until: deadline) }
      await group.next()
      group.cancelAll()
    }
  }

  /// The witness of the cut, once it is over; nil when it had none, or when this task is cancelled.
  package func witness() async -> Witness? {
    for await witness in cut.stream { return witness }
    return nil
  }
}
