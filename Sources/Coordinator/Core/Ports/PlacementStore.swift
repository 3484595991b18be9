package import Model

/// The fleet's history of what ran where and when.
package protocol PlacementStore: Sendable {
  /// Applies records exactly once: those up to the newest applied sequence of this journal are skipped.
  /// Returns the newest applied sequence. A journal that is new to the node closes the old one's open intervals
  /// with a gap. A hole in the sequence is a conflict.
  func apply(_ records: [PlacementRecord], journal: String, of node: NodeID)
    async throws(CatalogError) -> UInt64
  /// The newest applied sequence of this journal; 0 for one never seen.
  func applied(journal: String, of node: NodeID) async throws(CatalogError) -> UInt64
  /// Open intervals: what runs now, as far as is known; all nodes when `node` is nil.
  func running(on node: NodeID?) async throws(CatalogError) -> [Placement]
  /// Everything that covers `time`, and every node about which nothing is known at that time.
  func whereabouts(of service: ServiceID?, at time: Timestamp) async throws(CatalogError)
    -> Whereabouts
  /// Newest first.
  func history(of service: ServiceID, limit: Int) async throws(CatalogError)
    -> [PlacementInterval]
  /// Every service of which something ever ran, with its newest interval, by name and namespace.
  func services() async throws(CatalogError) -> [KnownService]
  /// What somebody may mean by `reference`.
  func services(named reference: ServiceReference) async throws(CatalogError) -> ServiceMatches
}

/// A service, and the last that is known of it.
package struct KnownService: Hashable, Sendable {
  package var id: ServiceID
  package var newest: PlacementInterval

  package init(id: ServiceID, newest: PlacementInterval) {
    self.id = id
    self.newest = newest
  }
}

/// Services that a reference may mean.
package struct ServiceMatches: Hashable, Sendable {
  /// Those that are called so. What names a namespace comes before a name with a dot.
  package var found: [ServiceID]
  /// Where there is none: those of whose containers agents told under this name, before a cluster told what they belong to.
  package var told: [ServiceID]

  package init(found: [ServiceID], told: [ServiceID]) {
    self.found = found
    self.told = told
  }
}

/// When one placement ran.
package struct PlacementInterval: Hashable, Sendable {
  package var placement: Placement
  package var from: Timestamp
  /// Nil while it runs.
  package var to: Timestamp?
  package var ended: EndReason?

  package init(placement: Placement, from: Timestamp, to: Timestamp?, ended: EndReason?) {
    self.placement = placement
    self.from = from
    self.to = to
    self.ended = ended
  }
}

/// The answer to "where was it then", which says what it does not know.
package struct Whereabouts: Hashable, Sendable {
  /// A time in which nobody watched a node.
  package struct Gap: Hashable, Sendable {
    package var node: NodeID
    package var from: Timestamp
    /// Nil while it lasts.
    package var to: Timestamp?

    package init(node: NodeID, from: Timestamp, to: Timestamp?) {
      self.node = node
      self.from = from
      self.to = to
    }
  }

  package var found: [PlacementInterval]
  /// Nodes on which it may have run as well, or whose found intervals are only presumed to have gone on.
  package var unknown: [Gap]

  package init(found: [PlacementInterval], unknown: [Gap]) {
    self.found = found
    self.unknown = unknown
  }
}
