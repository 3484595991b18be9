package import CoordinatorCore
internal import GRDB
package import Model

extension Catalog: PlacementStore {
  package func apply(_ records: [PlacementRecord], journal: String, of node: NodeID)
    async throws(CatalogError) -> UInt64
  {
    try await decide("storing what ran on node \(node)") { db in
      try db.requireNode(node)
      return UInt64(
        bitPattern: try PlacementLedger(db, node: node).apply(records, journal: journal))
    }
  }

  package func applied(journal: String, of node: NodeID) async throws(CatalogError) -> UInt64 {
    try await look("reading the journal of node \(node)") { db in
      UInt64(bitPattern: try PlacementLedger(db, node: node).applied(journal: journal))
    }
  }

  package func running(on node: NodeID?) async throws(CatalogError) -> [Placement] {
    try await look("listing what runs") { db in
      let rows =
        if let node {
          try db.rows(
            """
            SELECT details FROM placement INDEXED BY placement_running
            WHERE node = ? AND ended IS NULL ORDER BY service, container
            """, [node.text])
        } else {
          try db.rows(
            """
            SELECT details FROM placement INDEXED BY placement_running
            WHERE ended IS NULL ORDER BY service, node, container
            """)
        }
      return try rows.map { try db.placement($0["details"]) }
    }
  }

  package func history(of service: ServiceID, limit: Int) async throws(CatalogError)
    -> [PlacementInterval]
  {
    try await look("listing where \(service) ran") { db in
      try db.rows(
        """
        SELECT placement.* FROM service CROSS JOIN placement INDEXED BY placement_of_service
        WHERE service.name = ? AND service.namespace = ? AND called = service.id
        ORDER BY began DESC, placement.id DESC LIMIT ?
        """,
        [service.name.text, service.namespace, max(0, limit)]
      ).map { try PlacementInterval($0, db) }
    }
  }

  package func services() async throws(CatalogError) -> [KnownService] {
    try await look("listing the services") { db in
      try db.rows(PlacementQuery.newestOfEachService).map {
        KnownService(id: try ServiceID($0), newest: try PlacementInterval($0, db))
      }
    }
  }

  package func services(named reference: ServiceReference) async throws(CatalogError)
    -> ServiceMatches
  {
    try await look("looking for service \(reference)") { db in
      let qualified = try reference.qualified.flatMap { id in
        try db.rows(
          PlacementQuery.present("name = ? AND namespace = ?"), [id.name.text, id.namespace])
      }
      let found =
        qualified.isEmpty
        ? try db.rows(PlacementQuery.present("name = ?"), [reference.text]) : qualified
      let told =
        found.isEmpty
        ? try db.rows(
          PlacementQuery.present("id IN (SELECT service FROM service_told WHERE name = ?)"),
          [reference.text]) : []
      return ServiceMatches(
        found: try found.map { try ServiceID($0) }, told: try told.map { try ServiceID($0) })
    }
  }

  /// What ran is told even where nobody watched: a container's own start may lie before that of the watch. Where a
  /// node's records end, its open intervals are presumed to go on and the node is listed as unknown.
  package func whereabouts(of service: ServiceID?, at time: Timestamp)
    async throws(CatalogError) -> Whereabouts
  {
    try await look("looking where \(service?.description ?? "everything") ran at \(time)") { db in
      let moment = PlacementLedger.nanoseconds(time)
      let rows =
        if let service {
          try db.rows(
            PlacementQuery.coveringOfService,
            ["time": moment, "name": service.name.text, "namespace": service.namespace])
        } else {
          try db.rows(PlacementQuery.covering, ["time": moment])
        }
      let gaps = try db.rows(PlacementQuery.unknown, ["time": moment]).map {
        try Whereabouts.Gap($0)
      }
      return Whereabouts(
        found: try rows.map { try PlacementInterval($0, db) },
        unknown: gaps.sorted { ($0.node, $0.from) < ($1.node, $1.from) })
    }
  }
}

/// The statements that have to stay fast whatever the history's length.
///
/// Without statistics SQLite prefers an index that matches more columns to the small one of what is running, and reads
/// a service's whole history. So each names its index, and fails when it cannot be used.
enum PlacementQuery {
  /// One step per service, not per interval.
  static let newestOfEachService = """
    SELECT service.name, service.namespace, placement.* FROM service
      JOIN placement ON placement.id = (
        SELECT id FROM placement INDEXED BY placement_of_service
        WHERE called = service.id ORDER BY began DESC, id DESC LIMIT 1)
    ORDER BY service.name, service.namespace
    """

  /// Services of which something is known to have run. The others have another name by now.
  static func present(_ condition: String) -> String {
    """
    SELECT name, namespace FROM service WHERE \(condition)
      AND EXISTS (SELECT 1 FROM placement INDEXED BY placement_of_service WHERE called = service.id)
    ORDER BY name, namespace
    """
  }

  /// 0 to 62: the spans of `PlacementLedger.times`.
  private static let spans = """
    WITH RECURSIVE level (span) AS (VALUES (0) UNION ALL SELECT span + 1 FROM level WHERE span < 62)
    """

  static let covering = """
    \(spans)
    SELECT * FROM (
      SELECT placement.* FROM level CROSS JOIN placement INDEXED BY placement_by_span
      WHERE placement.span = level.span AND placement.ended IS NOT NULL
        AND placement.began > :time - (1 << level.span) AND placement.began <= :time
        AND placement.ended > :time
      UNION ALL
      SELECT * FROM placement INDEXED BY placement_running
      WHERE ended IS NULL AND began <= :time)
    ORDER BY service, began, node, container
    """

  static let coveringOfService = """
    \(spans),
    wanted AS (SELECT id FROM service WHERE name = :name AND namespace = :namespace)
    SELECT * FROM (
      SELECT placement.* FROM wanted CROSS JOIN level
        CROSS JOIN placement INDEXED BY placement_of_service_by_span
      WHERE placement.called = wanted.id AND placement.span = level.span
        AND placement.ended IS NOT NULL
        AND placement.began > :time - (1 << level.span) AND placement.began <= :time
        AND placement.ended > :time
      UNION ALL
      SELECT placement.* FROM wanted
        CROSS JOIN placement INDEXED BY placement_running_of_service
      WHERE placement.called = wanted.id AND ended IS NULL AND began <= :time)
    ORDER BY began, node, container
    """

  /// Recorded gaps, the time before anybody watched, the time after the last observation, and the time that a journal
  /// will tell of which has been greeted but not delivered.
  static let unknown = """
    \(spans)
    SELECT gap.node, gap.began, gap.ended FROM level CROSS JOIN gap
    WHERE gap.span = level.span AND gap.began > :time - (1 << level.span) AND gap.began <= :time
      AND gap.ended > :time
    UNION
    SELECT id, 0, watched_from FROM node WHERE watched_from IS NULL OR :time < watched_from
    UNION
    SELECT id, ifnull(observed_through, watched_from), NULL FROM node
    WHERE watched_from <= :time AND (observed_through IS NULL OR observed_through < :time)
    UNION
    SELECT node, ifnull(known_through, 0), NULL FROM journal
    WHERE state = 'greeted' AND ifnull(known_through, 0) < :time
      AND EXISTS (SELECT 1 FROM node WHERE id = node AND watched_from IS NOT NULL)
    """
}

extension PlacementInterval {
  fileprivate init(_ row: Row, _ db: Database) throws {
    self.init(
      placement: try db.placement(row["details"]), from: row.time("began"),
      to: row.optionalTime("ended"),
      ended: try (row["reason"] as String?).map { try Stored.value(EndReason.self, $0) })
  }
}

extension Whereabouts.Gap {
  fileprivate init(_ row: Row) throws {
    self.init(
      node: try NodeID(row["node"] as String), from: row.time("began"),
      to: row.optionalTime("ended"))
  }
}
