package import CoordinatorCore
internal import GRDB
package import Model

extension Catalog: WorkloadStore {
  package func record(_ workloads: [String: Workload]) async throws(CatalogError) {
    guard !workloads.isEmpty else { return }
    try await decide("storing what \(workloads.count) pods belong to") { db in
      for (pod, workload) in workloads {
        // Every start of a coordinator tells everything again: what is known already is not written.
        try db.run(
          """
          INSERT INTO workload (pod, details) VALUES (?, ?)
          ON CONFLICT (pod) DO UPDATE SET details = excluded.details
          WHERE details <> excluded.details
          """, [pod, try Stored.json(workload)])
        if db.changesCount > 0 { try ServiceNaming(db).told(of: pod) }
      }
    }
  }
}

extension Database {
  /// A placement as it was recorded, with what its pod belongs to where a cluster told it.
  func placement(_ details: String) throws -> Placement {
    var placement = try Stored.value(Placement.self, details)
    placement.workload = try workload(of: placement)
    return placement
  }

  func workload(of placement: Placement) throws -> Workload? {
    guard let pod = placement.storedPod else { return nil }
    return try row("SELECT details FROM workload WHERE pod = ?", [pod])
      .map { try Stored.value(Workload.self, $0["details"]) }
  }
}
