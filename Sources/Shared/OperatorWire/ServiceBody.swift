package import Model

/// A service: where it runs now, and how it is protected.
package struct ServiceBody: Codable, Hashable, Sendable {
  package var name: WorkloadName
  /// Services of one name in several namespaces are several. Empty where the container runtime tells none.
  package var namespace: String
  /// The kind of what its newest pod belongs to; absent where no cluster told it.
  package var kind: String?
  /// Its running containers; empty when it does not run.
  package var placements: [Placement]
  /// Plans that select it.
  package var plans: [PlanName]
  /// The newest backup that met its plan.
  package var lastGood: BackupID?
  package var lastGoodAt: Timestamp?

  package init(
    name: WorkloadName, namespace: String, kind: String? = nil, placements: [Placement],
    plans: [PlanName], lastGood: BackupID?, lastGoodAt: Timestamp?
  ) {
    self.name = name
    self.namespace = namespace
    self.kind = kind
    self.placements = placements
    self.plans = plans
    self.lastGood = lastGood
    self.lastGoodAt = lastGoodAt
  }
}

extension ServiceBody {
  /// By which it is asked for whatever else there is.
  package var id: ServiceID { ServiceID(name, in: namespace) }
}

/// When one container of a service ran.
package struct IntervalBody: Codable, Hashable, Sendable {
  package var placement: Placement
  package var from: Timestamp
  /// Absent while it runs.
  package var to: Timestamp?
  /// Why it ended, in words.
  package var ended: String?

  package init(placement: Placement, from: Timestamp, to: Timestamp?, ended: String?) {
    self.placement = placement
    self.from = from
    self.to = to
    self.ended = ended
  }
}

/// The answer to "where was it then": what is known, and on which nodes nothing is known.
package struct WhereaboutsBody: Codable, Hashable, Sendable {
  /// A time in which nobody watched a node.
  package struct Gap: Codable, Hashable, Sendable {
    package var node: NodeID
    package var from: Timestamp
    /// Absent while it lasts.
    package var to: Timestamp?

    package init(node: NodeID, from: Timestamp, to: Timestamp?) {
      self.node = node
      self.from = from
      self.to = to
    }
  }

  package var service: WorkloadName
  package var namespace: String
  /// The moment that was asked for.
  package var time: Timestamp
  package var found: [IntervalBody]
  package var unknown: [Gap]

  package init(
    service: WorkloadName, namespace: String, time: Timestamp, found: [IntervalBody],
    unknown: [Gap]
  ) {
    self.service = service
    self.namespace = namespace
    self.time = time
    self.found = found
    self.unknown = unknown
  }
}
