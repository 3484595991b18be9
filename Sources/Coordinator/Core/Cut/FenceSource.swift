package import CutProtocol

/// Hands out fences, each higher than every one before it.
package actor FenceSource {
  private let store: any EpochStore
  private(set) package var epoch: UInt64
  private var cuts: UInt64 = 0

  /// Begins a new epoch durably.
  package init(store: any EpochStore) async throws(CatalogError) {
    self.store = store
    self.epoch = try await store.beginEpoch()
  }

  /// The fence of a new cut's first attempt.
  package func next() -> Fence {
    cuts += 1
    return Fence(epoch: epoch, cut: cuts, attempt: 1)
  }

  /// How far above its own an epoch may lie that a coordinator believes. One begins with each of its starts, so no catalog
  /// can be that old; but an agent that could name any epoch could use up all of them, and then no coordinator of the fleet
  /// could ever begin another.
  package static let farthestEpoch: UInt64 = 1 << 32

  /// An agent has accepted `highest`. One that this coordinator never made shows that it runs on an old catalog, so its
  /// epoch goes above. Answers whether it did. Throws `conflict` for an epoch that is not believed.
  package func observe(_ highest: Fence) async throws(CatalogError) -> Bool {
    let isForeign = highest.epoch > epoch || (highest.epoch == epoch && highest.cut > cuts)
    guard isForeign else { return false }
    guard highest.epoch - epoch <= Self.farthestEpoch else {
      throw CatalogError(
        .conflict,
        "fence \(highest) is of no epoch that a coordinator can have reached; this one is in \(epoch)",
        hint:
          "the agent's ledger is damaged, or the agent is not what it seems: revoke it, look at its node"
      )
    }
    epoch = try await store.raiseEpoch(above: highest.epoch)
    // The count goes on: cuts that run take their number with them into the new epoch.
    return true
  }
}
