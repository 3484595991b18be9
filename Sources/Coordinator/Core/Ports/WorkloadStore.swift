package import Model

/// What clusters said about the pods whose containers ran, kept as long as the history of placements, which tells it with
/// every placement.
package protocol WorkloadStore: Sendable {
  /// Stores what is known of each pod, by its UID as the node's runtime has it, all in one transaction. Later knowledge of
  /// a pod replaces earlier. May be repeated.
  func record(_ workloads: [String: Workload]) async throws(CatalogError)
}
