import CoordinatorCore
import Foundation
import GRDB
import Model
import SeededRandom
import Testing

@testable import Catalog

/// A container of a pod that has the UID `pod`, as an agent tells it.
private func told(_ pod: String, as name: String, in namespace: String = "shop") -> Placement {
  var placement = Sample.placement("c-\(namespace)-\(pod)", of: ServiceName(accepted: name))
  placement.podUID = pod
  placement.namespace = namespace
  return placement
}

private func started(_ placements: [Placement]) -> [PlacementRecord] {
  placements.enumerated().map { index, placement in
    PlacementRecord(
      sequence: UInt64(index + 1), time: time(Int64(index + 1)), change: .started(placement))
  }
}

private func id(_ name: String, _ namespace: String = "shop") -> ServiceID {
  ServiceID(WorkloadName(accepted: name), in: namespace)
}

private func reference(_ text: String) -> ServiceReference { ServiceReference(accepted: text) }

struct `The service that a container is found under` {
  @Test func `is what its pod belongs to, once a cluster told it, for all of its past`()
    async throws
  {
    try await withCatalog { catalog in
      _ = try await catalog.prepared()
      // Five databases from one template: their labels all say postgres.
      let pods = (1...5).map { told("u\($0)", as: "postgres") }
      _ = try await catalog.apply(started(pods), journal: "j", of: Sample.node)
      #expect(try await catalog.services().map(\.id) == [id("postgres")])
      for number in 1...4 {
        try await catalog.record(["u\(number)": Workload(owner: "StatefulSet/db-\(number)")])
      }
      #expect(
        try await catalog.services().map(\.id)
          == [id("db-1"), id("db-2"), id("db-3"), id("db-4"), id("postgres")])
      let answer = try await catalog.whereabouts(of: id("db-2"), at: time(3))
      #expect(answer.found.map(\.placement.podUID) == ["u2"])
      #expect(answer.found.map(\.from) == [time(2)])
      #expect(
        try await catalog.history(of: id("postgres"), limit: 9).map(\.placement.podUID) == ["u5"])
      // What the agent told stays as it was told.
      #expect(answer.found.map(\.placement.service.text) == ["postgres"])
      let columns = try await catalog.look("test") { db in
        try String.fetchAll(db, sql: "SELECT DISTINCT service FROM placement")
      }
      #expect(columns == ["postgres"])
    }
  }

  @Test func `leads from the name that the agent told to the ones that it has now`() async throws {
    try await withCatalog { catalog in
      _ = try await catalog.prepared()
      let pods = (1...2).map { told("u\($0)", as: "postgres") }
      _ = try await catalog.apply(started(pods), journal: "j", of: Sample.node)
      #expect(
        try await catalog.services(named: reference("postgres"))
          == ServiceMatches(found: [id("postgres")], told: []))
      try await catalog.record([
        "u1": Workload(owner: "StatefulSet/db-1"), "u2": Workload(owner: "StatefulSet/db-2"),
      ])
      #expect(
        try await catalog.services(named: reference("postgres"))
          == ServiceMatches(found: [], told: [id("db-1"), id("db-2")]))
      #expect(
        try await catalog.services(named: reference("nobody"))
          == ServiceMatches(found: [], told: []))
    }
  }

  @Test func `is one in each namespace`() async throws {
    try await withCatalog { catalog in
      _ = try await catalog.prepared()
      // On a host without a cluster, a name with a dot is the agent's.
      let pods = [
        told("u1", as: "orders"), told("u2", as: "orders", in: "stage"),
        told("u3", as: "orders.shop", in: "default"), told("u4", as: "mail", in: ""),
      ]
      _ = try await catalog.apply(started(pods), journal: "j", of: Sample.node)
      for (text, found) in [
        ("orders", [id("orders"), id("orders", "stage")]),
        ("orders.stage", [id("orders", "stage")]),
        ("orders.shop", [id("orders")]), ("orders.shop.default", [id("orders.shop", "default")]),
        ("mail", [id("mail", "")]), ("mail.shop", []),
      ] {
        #expect(
          try await catalog.services(named: reference(text))
            == ServiceMatches(found: found, told: []), "\(text)")
      }
      let answer = try await catalog.whereabouts(of: id("orders", "stage"), at: time(9))
      #expect(answer.found.map(\.placement.podUID) == ["u2"])
    }
  }

  @Test func `is right at once when the cluster told of the pod before its agent`() async throws {
    try await withCatalog { catalog in
      _ = try await catalog.prepared()
      try await catalog.record(["u1": Workload(owner: "CronJob/report")])
      _ = try await catalog.apply(
        started([told("u1", as: "busybox")]), journal: "j", of: Sample.node)
      #expect(try await catalog.services().map(\.id) == [id("report")])
    }
  }

  @Test func `is the same after the layout was brought up to date`() async throws {
    for seed in 1...8 as ClosedRange<UInt64> {
      try await withDirectory { directory in
        let path = directory + "/catalog"
        let placements = try old(path, seed: seed)
        let catalog = try Catalog(path: path)
        let found = try await catalog.look("test") { db in
          let rows = try Row.fetchAll(
            db,
            sql: """
              SELECT container, name, namespace FROM placement JOIN service ON called = service.id
              """)
          return try Dictionary(
            uniqueKeysWithValues: rows.map { ($0["container"] as String, try ServiceID($0)) })
        }
        for placement in placements {
          #expect(
            found[placement.container.text] == placement.serviceID,
            "seed \(seed): \(placement.workload?.owner ?? "nothing told")")
        }
        // One that cannot be read is found under the name that was stored beside it.
        #expect(found["damaged"] == id("broken", ""))
        #expect(found.count == placements.count + 1)
        let known = Set(placements.map(\.serviceID))
        for service in known {
          let ids = try await catalog.history(of: service, limit: 999).map(\.placement.container)
          #expect(
            Set(ids) == Set(placements.filter { $0.serviceID == service }.map(\.container)),
            "seed \(seed): \(service)")
        }
        // What is told later moves it as it moves any other.
        try await catalog.record(["u1": Workload(owner: "Deployment/later")])
        let moved = placements.filter { $0.podUID == "u1" }
        for namespace in Set(moved.map(\.namespace)) {
          #expect(
            try await catalog.history(of: id("later", namespace), limit: 999).count
              == moved.count { $0.namespace == namespace }, "seed \(seed)")
        }
        try catalog.close()
      }
    }
  }

  /// A catalog of the layout before services were, with what it holds.
  private func old(_ path: String, seed: UInt64) throws -> [Placement] {
    var random = SplitMix64(seed: seed)
    let queue = try DatabaseQueue(path: path)
    var placements: [Placement] = []
    try queue.write { db in
      for migration in Migration.all.prefix(10) { try db.execute(sql: migration.sql) }
      try db.execute(
        sql: "PRAGMA user_version = 10; PRAGMA application_id = \(0x5354_504c)")
      try db.execute(
        sql: "INSERT INTO node (id, enrolled_at, key_hash) VALUES ('node-1', 0, zeroblob(32))")
      var workloads: [String: Workload] = [:]
      for number in 1...6 {
        let owner = random.oneOf([
          "Deployment/orders", "ReplicaSet/orders-7d4b9c", "ReplicaSet/7d4b9c", "StatefulSet/db",
          "Node/node-1", "Pod/x-\(number)", "odd", "Odd/Na me", "Cluster/-a", "Job/" + longest,
          "Job/" + longest + "x",
        ])
        workloads["u\(number)"] = Workload(owner: owner)
        try db.execute(
          sql: "INSERT INTO workload VALUES (?, ?)",
          arguments: ["u\(number)", try Stored.json(Workload(owner: owner))])
      }
      for number in 0..<60 {
        var placement = Sample.placement(
          "c\(number)", of: ServiceName(accepted: random.oneOf(["orders", "postgres"])))
        placement.podUID = random.oneOf(["", "u1", "u2", "u3", "u4", "u5", "u6", "unknown"])
        placement.namespace = random.oneOf(["", "shop", "stage"])
        placement.labels[Workload.templateHash] = random.oneOf([nil, "", "7d4b9c"])
        try insert(db, placement.container.text, placement.service, try Stored.json(placement))
        placement.workload = workloads[placement.podUID]
        placements.append(placement)
      }
      try insert(db, "damaged", ServiceName(accepted: "broken"), "{\"podUID\":\u{7}")
    }
    try queue.close()
    return placements
  }

  private let longest = String(repeating: "l", count: 253)

  private func insert(
    _ db: Database, _ container: String, _ service: ServiceName, _ details: String
  ) throws {
    try db.execute(
      sql: """
        INSERT INTO placement (node, service, container, began, details)
        VALUES ('node-1', ?, ?, 5, ?)
        """, arguments: [service.text, container, details])
  }
}
