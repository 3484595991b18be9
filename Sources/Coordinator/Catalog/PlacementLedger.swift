internal import CoordinatorCore
internal import GRDB
internal import Model

/// Applies one node's records within a transaction.
struct PlacementLedger {
  let db: Database
  let node: NodeID

  init(_ db: Database, node: NodeID) {
    self.db = db
    self.node = node
  }

  /// Times outside are moved to the nearest within, so that no two of them are further apart than a span can say.
  /// The upper end is in the year 2116.
  static let times: ClosedRange<Int64> = 0...(1 << 62 - 1)

  static func nanoseconds(_ time: Timestamp) -> Int64 {
    min(max(time.nanoseconds, times.lowerBound), times.upperBound)
  }

  static func span(from began: Int64, to ended: Int64) -> Int {
    Int64.bitWidth - (ended - began).leadingZeroBitCount
  }

  // MARK: Journals

  /// Notes when a journal was first heard of, and through when the node was known then.
  func greet(journal: String, at time: Timestamp) throws {
    try db.run(
      "UPDATE journal SET state = 'replaced' WHERE node = ? AND state = 'greeted' AND id <> ?",
      [node.text, journal])
    try db.run(
      """
      INSERT INTO journal (node, id, state, greeted_at, known_through)
      SELECT id, :journal, 'greeted', :time, observed_through FROM node WHERE id = :node
      ON CONFLICT (node, id) DO NOTHING
      """, ["journal": journal, "time": Self.nanoseconds(time), "node": node.text])
  }

  func applied(journal: String) throws -> Int64 {
    try Int64.fetchOne(
      db.cachedStatement(sql: "SELECT applied FROM journal WHERE node = ? AND id = ?"),
      arguments: [node.text, journal]) ?? 0
  }

  /// Applies what is new; returns the newest applied sequence number.
  func apply(_ records: [PlacementRecord], journal: String) throws -> Int64 {
    guard (1...256).contains(journal.utf8.count) else {
      throw CatalogError(.conflict, "a journal's ID has 1 to 256 bytes, not \(journal.utf8.count)")
    }
    var applied = try applied(journal: journal)
    let new = try records.drop { try Stored.integer($0.sequence, "sequence number") <= applied }
    guard let first = new.first else { return applied }
    try enter(journal, first: first, batch: new)
    for record in new {
      let sequence = try Stored.integer(record.sequence, "sequence number")
      if sequence <= applied { continue }
      guard sequence == applied + 1 else {
        throw CatalogError(
          .conflict,
          "record \(sequence) of node \(node) does not follow record \(applied), the newest applied one of journal \(journal)"
        )
      }
      try apply(record)
      applied = sequence
    }
    let newest = records.map { Self.nanoseconds($0.time) }.max()
    try db.run(
      """
      UPDATE journal SET applied = ?, newest_time = max(ifnull(newest_time, 0), ?)
      WHERE node = ? AND id = ?
      """, [applied, newest, node.text, journal])
    return applied
  }

  /// Makes `journal` the node's current one. The old one's open intervals end where knowledge ends; what still runs
  /// is told anew by the new journal.
  private func enter(
    _ journal: String, first: PlacementRecord, batch: ArraySlice<PlacementRecord>
  ) throws {
    let row = try db.row(
      "SELECT * FROM journal WHERE node = ? AND id = ?", [node.text, journal])
    switch row?["state"] as String? {
    case "current"?: return
    case "replaced"?:
      throw CatalogError(
        .conflict, "journal \(journal) of node \(node) was replaced by a newer one",
        hint:
          "two agents may be running as \(node), or its state was restored from an old copy: stop all but one and remove that one's placement journal"
      )
    default: break
    }
    let old = try db.row(
      "SELECT * FROM journal WHERE node = ? AND state = 'current'", [node.text])
    if let old {
      try leave(old, for: row, first: first, batch: batch)
    } else {
      let enrolled = try Int64.fetchOne(
        db, sql: "SELECT enrolled_at FROM node WHERE id = ?", arguments: [node.text])
      // A first journal that begins with a gap says itself when watching began.
      var watched = enrolled ?? 0
      if case .unseen = first.change { watched = Self.nanoseconds(first.time) }
      try db.run(
        "UPDATE node SET watched_from = ifnull(watched_from, ?) WHERE id = ?",
        [watched, node.text])
    }
    try db.run(
      """
      INSERT INTO journal (node, id, state) VALUES (?, ?, 'current')
      ON CONFLICT (node, id) DO UPDATE SET state = 'current'
      """, [node.text, journal])
  }

  private func leave(
    _ old: Row, for new: Row?, first: PlacementRecord, batch: ArraySlice<PlacementRecord>
  ) throws {
    let end = try endOfKnowledge(old, greeted: new)
    for interval in try db.rows(
      """
      SELECT id, began FROM placement INDEXED BY placement_running
      WHERE node = ? AND ended IS NULL
      """, [node.text])
    {
      try close(interval["id"], began: interval["began"], ended: end, .vanished)
    }
    var watchedAgain = batch.map { Self.nanoseconds($0.time) }.max() ?? end
    if let greeted = new?["greeted_at"] as Int64? { watchedAgain = greeted }
    if case .unseen = first.change { watchedAgain = Self.nanoseconds(first.time) }
    try addGap(from: end, to: watchedAgain)
    try db.run(
      "UPDATE journal SET state = 'replaced' WHERE node = ? AND state = 'current'", [node.text])
  }

  /// What the node was known through before the new journal was heard of.
  private func endOfKnowledge(_ old: Row, greeted new: Row?) throws -> Int64 {
    let row = try db.row(
      "SELECT observed_through, watched_from FROM node WHERE id = ?", [node.text])
    // Once the new journal was greeted, heartbeats speak of its time.
    let observed: Int64? = new == nil ? row?["observed_through"] : new?["known_through"]
    let recorded: Int64? = old["newest_time"] ?? row?["watched_from"]
    return Self.nanoseconds(Timestamp(nanoseconds: observed ?? recorded ?? 0))
  }

  /// Moves on through when the node is known, if every record of the observation is applied. A node's clock that is
  /// ahead of the coordinator's does not make the future known.
  func observed(_ observation: JournalObservation, at time: Timestamp) throws {
    try db.run(
      """
      UPDATE node SET observed_through = max(ifnull(observed_through, 0), :through)
      WHERE id = :node AND EXISTS (
        SELECT 1 FROM journal
        WHERE node = :node AND id = :journal AND state = 'current' AND applied >= :end)
      """,
      [
        "through": Self.nanoseconds(min(observation.through, time)), "node": node.text,
        "journal": observation.journal,
        "end": try Stored.integer(observation.end, "sequence number"),
      ])
  }

  // MARK: Records

  private func apply(_ record: PlacementRecord) throws {
    let time = Self.nanoseconds(record.time)
    switch record.change {
    case .started(let placement):
      try require(placement)
      try start(placement, at: time)
    case .updated(let placement):
      try require(placement)
      if let open = try newest(of: placement.container), open["ended"] as Int64? == nil {
        try describe(open["id"], placement)
      } else {
        try start(placement, at: time)
      }
    case .ended(let container, let reason):
      guard let open = try newest(of: container), open["ended"] as Int64? == nil else { return }
      try close(open["id"], began: open["began"], ended: time, reason)
    case .unseen(let since):
      try addGap(from: try beginning(of: since, record), to: time)
    }
  }

  /// A journal that begins knows nothing of the time before it, and says so; the catalog may. That gap is recorded
  /// when the journal is entered, and the time before the first watch needs none.
  private func beginning(of since: Timestamp, _ record: PlacementRecord) throws -> Int64 {
    guard record.sequence > 1 else { return Self.nanoseconds(record.time) }
    let watched = try Int64.fetchOne(
      db.cachedStatement(sql: "SELECT watched_from FROM node WHERE id = ?"),
      arguments: [node.text])
    return max(Self.nanoseconds(since), watched ?? 0)
  }

  private func require(_ placement: Placement) throws {
    guard placement.node == node else {
      throw CatalogError(
        .conflict, "a record of node \(node) speaks of node \(placement.node)")
    }
  }

  private func start(_ placement: Placement, at time: Int64) throws {
    guard let newest = try newest(of: placement.container) else {
      return try open(placement, at: time)
    }
    let began: Int64 = newest["began"]
    guard let ended = newest["ended"] as Int64? else {
      // Told again, unless the container has started anew since and its end was missed.
      guard time > began else { return try describe(newest["id"], placement) }
      try close(newest["id"], began: began, ended: time, .vanished)
      return try open(placement, at: time)
    }
    let reason = try Stored.value(EndReason.self, newest["reason"])
    if reason == .vanished, time <= ended {
      // It ran on all the time: the end was presumed, and its start proves otherwise.
      try db.run(
        "UPDATE placement SET ended = NULL, span = NULL, reason = NULL WHERE id = ?",
        [newest["id"] as Int64])
      return try describe(newest["id"], placement)
    }
    try open(placement, at: max(time, ended))
  }

  private func newest(of container: ContainerID) throws -> Row? {
    try db.row(
      """
      SELECT id, began, ended, reason FROM placement INDEXED BY placement_of_container
      WHERE node = ? AND container = ? ORDER BY began DESC, id DESC LIMIT 1
      """, [node.text, container.text])
  }

  private func open(_ placement: Placement, at time: Int64) throws {
    try db.run(
      """
      INSERT INTO placement (node, service, container, began, details, pod, called)
      VALUES (?, ?, ?, ?, ?, ?, ?)
      """,
      [
        node.text, placement.service.text, placement.container.text, time,
        try Stored.json(placement), placement.storedPod, try ServiceNaming(db).service(placement),
      ])
  }

  private func describe(_ id: Int64, _ placement: Placement) throws {
    try db.run(
      "UPDATE placement SET service = ?, details = ?, pod = ?, called = ? WHERE id = ?",
      [
        placement.service.text, try Stored.json(placement), placement.storedPod,
        try ServiceNaming(db).service(placement), id,
      ])
  }

  private func close(_ id: Int64, began: Int64, ended: Int64, _ reason: EndReason) throws {
    let ended = max(began, ended)
    try db.run(
      "UPDATE placement SET ended = ?, span = ?, reason = ? WHERE id = ?",
      [ended, Self.span(from: began, to: ended), try Stored.json(reason), id])
  }

  private func addGap(from began: Int64, to ended: Int64) throws {
    guard ended > began else { return }
    try db.run(
      "INSERT INTO gap (node, began, ended, span) VALUES (?, ?, ?, ?)",
      [node.text, began, ended, Self.span(from: began, to: ended)])
  }
}
