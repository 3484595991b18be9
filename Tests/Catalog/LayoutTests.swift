import CoordinatorCore
import CutProtocol
import Foundation
import GRDB
import Model
import Testing

@testable import Catalog

/// Writes to a catalog's file as a mistaken coordinator would.
private func refuses(_ path: String, _ sql: String, _ reason: String) throws {
  var configuration = Configuration()
  configuration.foreignKeysEnabled = true
  let queue = try DatabaseQueue(path: path, configuration: configuration)
  let error = #expect(throws: DatabaseError.self) { try queue.write { try $0.execute(sql: sql) } }
  #expect(error?.message?.contains(reason) == true, "\(sql): \(error?.message ?? "")")
  try queue.close()
}

struct `The catalog's layout` {
  @Test func `forbids what must never happen, whatever code asks for it`() async throws {
    try await withDirectory { directory in
      let path = directory + "/catalog"
      let catalog = try Catalog(path: path)
      let epoch = try await catalog.prepared()
      let fence = Fence(epoch: epoch, cut: 1, attempt: 1)
      try await catalog.create(try Sample.plan(), by: "ann")
      try await catalog.begin(
        fence, of: BackupID(accepted: "b1"), group: 0, members: [Sample.orders])
      try await catalog.keep(
        Sample.certificate("orders"), fence: fence, member: Sample.orders)
      try await catalog.commit(Sample.outcome(fence: fence, grade: .unproven), epoch: epoch)
      try await catalog.audit(
        AuditEntry(time: time(0), actor: "ann", action: "a.b", object: "c"))
      let record = PlacementRecord(
        sequence: 1, time: time(1), change: .started(Sample.placement("a")))
      _ = try await catalog.apply([record], journal: "j", of: Sample.node)
      try catalog.close()
      for (sql, reason) in [
        ("UPDATE audit SET actor = 'ben'", "audit entries are only ever added"),
        ("DELETE FROM audit", "audit entries are only ever added"),
        ("UPDATE backup SET grade = grade + 1", "a grade never rises"),
        ("UPDATE backup SET grade = NULL, verdict = NULL, ended_at = NULL", "a grade never rises"),
        ("UPDATE backup SET sealed = x'00'", "a sealed plan never changes"),
        ("UPDATE certificate SET signature = x'00'", "a certificate never changes"),
        ("UPDATE certificate_chain SET der = x'00'", "a certificate never changes"),
        ("UPDATE backup SET taken_over = 1", "where a backup comes from never changes"),
        ("DELETE FROM certificate", "FOREIGN KEY constraint failed"),
        ("UPDATE epoch SET current = 0", "the epoch only grows"),
        ("DELETE FROM epoch", "the epoch stays"),
        (
          "INSERT INTO attempt SELECT epoch - 1, cut, attempt, part, backup FROM attempt",
          "under the current epoch only"
        ),
        (
          """
          INSERT INTO placement (node, service, container, began, ended, span, reason, details)
          SELECT node, service, container, began - 5, began + 1, 2, '', '' FROM placement
          """, "CHECK constraint failed"
        ),
        (
          """
          INSERT INTO placement (node, service, container, began, ended, span, reason, details)
          SELECT node, service, container, began - 5, began + 1, 3, '', '' FROM placement
          """, "intervals of one container never overlap"
        ),
        ("UPDATE node SET key_hash = 'text'", "cannot store TEXT value in BLOB column"),
      ] {
        try refuses(path, sql, reason)
      }
    }
  }

  @Test func `syncs every decision fully`() async throws {
    try await withCatalog { catalog in
      let level = try await catalog.decide("test") { db in
        try Int.fetchOne(db, sql: "PRAGMA synchronous")
      }
      let mode = try await catalog.decide("test") { db in
        try String.fetchOne(db, sql: "PRAGMA journal_mode")
      }
      #expect(level == 2 && mode == "wal")
    }
  }

  @Test func `finds a moment in a long history by indexes alone`() async throws {
    try await withDirectory { directory in
      let path = directory + "/catalog"
      var catalog = try Catalog(path: path)
      try await catalog.prepared()
      let record = PlacementRecord(
        sequence: 1, time: time(0), change: .unseen(since: Timestamp(nanoseconds: 0)))
      _ = try await catalog.apply([record], journal: "j", of: Sample.node)
      try catalog.close()
      try fill(path)
      catalog = try Catalog(path: path)
      let clock = ContinuousClock()
      var times: [Duration] = []
      for moment in stride(from: Int64(100), through: 199_900, by: 2_220) {
        let began = clock.now
        let answer = try await catalog.whereabouts(of: Sample.orders, at: time(moment))
        times.append(clock.now - began)
        #expect((3...20).contains(answer.found.count))
      }
      let statements = [
        PlacementQuery.covering, PlacementQuery.coveringOfService, PlacementQuery.unknown,
        PlacementQuery.newestOfEachService,
      ]
      for sql in statements {
        let plan = try await catalog.look("test") { db in
          let arguments: StatementArguments = ["time": 0, "name": "orders", "namespace": "shop"]
          let statement = try db.makeStatement(sql: "EXPLAIN QUERY PLAN \(sql)")
          statement.setUncheckedArguments(arguments)
          return try Row.fetchAll(statement).map { $0["detail"] as String }
        }
        for step in plan where step.contains(" placement") || step.contains(" gap") {
          // Reading an index from end to end is right only for the one of what is running.
          let isBounded = step.hasPrefix("SEARCH") || step.contains("INDEX placement_running")
          let readsHistory = step.contains("placement_of_service (called=? AND began")
          #expect(isBounded && !readsHistory, "\(step) in \(sql)")
        }
      }
      times.sort()
      print(
        "200000 intervals: median \(times[times.count / 2].shortText), slowest \(times[times.count - 1].shortText)"
      )
      try catalog.close()
    }
  }

  /// 200,000 intervals of 50 services, one a second; about each thousandth lasts a day, the others ten minutes.
  private func fill(_ path: String) throws {
    let placement = try Stored.json(Sample.placement("x"))
    let queue = try DatabaseQueue(path: path)
    try queue.write { db in
      try db.execute(
        sql: """
          WITH RECURSIVE number (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM number WHERE n < 50)
          INSERT INTO service (id, name, namespace)
          SELECT n, CASE n WHEN 1 THEN 'orders' ELSE 'service-' || n END, 'shop' FROM number
          """)
      try db.execute(
        sql: """
          WITH RECURSIVE number (n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM number WHERE n < 199999),
            interval AS (SELECT n, CASE n % 1009 WHEN 0 THEN 86400 ELSE 600 END AS seconds FROM number)
          INSERT INTO placement (node, service, container, began, ended, span, reason, details, called)
          SELECT 'node-1', CASE n % 50 WHEN 0 THEN 'orders' ELSE 'service-' || (n % 50) END, 'c' || n,
            :start + n * 1000000000, :start + (n + seconds) * 1000000000,
            CASE seconds WHEN 600 THEN 40 ELSE 47 END, '{"removed":{}}', :details, 1 + n % 50
          FROM interval
          """, arguments: ["start": time(0).nanoseconds, "details": placement])
    }
    try queue.close()
  }
}
