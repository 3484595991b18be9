import CoordinatorCore
import Model
import Testing

@testable import Catalog

struct `What a pod belongs to` {
  @Test func `is told with its placements, then and now, and by its newest name`() async throws {
    try await withCatalog { catalog in
      _ = try await catalog.prepared()
      let placement = Sample.placement("a")
      _ = try await catalog.apply(
        [PlacementRecord(sequence: 1, time: time(1), change: .started(placement))], journal: "j",
        of: Sample.node)
      #expect(try await catalog.running(on: nil).map(\.workload) == [nil])
      try await catalog.record([placement.podUID: Workload(owner: "ReplicaSet/orders-1")])
      let known = Workload(
        owner: "Deployment/orders",
        claims: [Workload.Claim(name: "data", volume: "pv", driver: "d", handle: "h")],
        namespaceLabels: ["team": "shop"], environment: .staging)
      try await catalog.record([placement.podUID: known, "other": Workload(owner: "Pod/x")])
      #expect(try await catalog.running(on: nil).map(\.workload) == [known])
      #expect(try await catalog.running(on: Sample.node).map(\.workload) == [known])
      #expect(
        try await catalog.history(of: placement.service, limit: 1).map(\.placement.workload)
          == [known])
      #expect(try await catalog.services().map(\.newest.placement.workload) == [known])
      #expect(
        try await catalog.whereabouts(of: placement.service, at: time(2)).found
          .map(\.placement.workload) == [known])
    }
  }

  @Test func `may be told before its container, and twice`() async throws {
    try await withCatalog { catalog in
      _ = try await catalog.prepared()
      let placement = Sample.placement("a")
      let workload = [placement.podUID: Workload(owner: "StatefulSet/db")]
      try await catalog.record(workload)
      try await catalog.record(workload)
      _ = try await catalog.apply(
        [PlacementRecord(sequence: 1, time: time(1), change: .started(placement))], journal: "j",
        of: Sample.node)
      #expect(try await catalog.running(on: nil).map(\.workload?.owner) == ["StatefulSet/db"])
    }
  }
}
