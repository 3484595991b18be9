/// The coordinator's durable place in the order of fences.
package protocol EpochStore: Sendable {
  /// Adds one durably and returns the new epoch; called once at every start, before anything is sent.
  func beginEpoch() async throws(CatalogError) -> UInt64
  /// Makes the current epoch greater than `epoch`, durably; returns it. Called when an agent knows a higher fence. A conflict
  /// when another coordinator has begun an epoch in this store meanwhile: what the agent knows is that one's.
  func raiseEpoch(above epoch: UInt64) async throws(CatalogError) -> UInt64
}
