internal import GRDB
internal import Model

/// Which service a placement is found under, within a transaction. What agents told stays as it is; this is a view of it
/// that moves when a cluster tells what a pod belongs to.
struct ServiceNaming {
  let db: Database

  init(_ db: Database) { self.db = db }

  /// The number of the placement's service, as far as is known now.
  func service(_ placement: Placement) throws -> Int64 {
    var placement = placement
    placement.workload = try db.workload(of: placement)
    let id = placement.serviceID
    let number = try number(of: id)
    if placement.service.text != id.name.text {
      try db.run(
        "INSERT INTO service_told (name, service) VALUES (?, ?) ON CONFLICT DO NOTHING",
        [placement.service.text, number])
    }
    return number
  }

  private func number(of id: ServiceID) throws -> Int64 {
    let key: StatementArguments = [id.name.text, id.namespace]
    if let known = try db.row("SELECT id FROM service WHERE name = ? AND namespace = ?", key) {
      return known["id"]
    }
    try db.run("INSERT INTO service (name, namespace) VALUES (?, ?)", key)
    return db.lastInsertedRowID
  }

  /// A cluster told something new of the pod: everything that it ran is found under its name from now on.
  func told(of pod: String) throws {
    for row in try db.rows(
      """
      SELECT id, called, details FROM placement INDEXED BY placement_of_pod
      WHERE pod = ? AND pod IS NOT NULL
      """, [pod])
    {
      let number = try service(try Stored.value(Placement.self, row["details"]))
      guard row["called"] as Int64? != number else { continue }
      try db.run("UPDATE placement SET called = ? WHERE id = ?", [number, row["id"] as Int64])
    }
  }
}

extension Placement {
  /// The UID by which clusters tell of its pod; nil where the runtime gives none.
  var storedPod: String? { podUID.isEmpty ? nil : podUID }
}

extension ServiceID {
  init(_ row: Row) throws {
    self.init(try WorkloadName(row["name"] as String), in: row["namespace"])
  }
}
