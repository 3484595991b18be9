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

  /// An agent has accepted `highest`. One that this coordinator never made shows that it runs on an old catalog, so its
  /// epoch goes above. Answers whether it did.
  package func observe(_ highest: Fence) async throws(CatalogError) -> Bool {
    let isForeign = highest.epoch > epoch || (highest.epoch == epoch && highest.cut > cuts)
    guard isForeign else { return false }
    epoch = try await store.raiseEpoch(above: highest.epoch)
    // The count goes on: cuts that run take their number with them into the new epoch.
    return true
  }
}
