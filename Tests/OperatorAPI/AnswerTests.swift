internal import AsyncHTTPClient
internal import NIOHTTP1
internal import Synchronization
internal import CoordinatorCore
internal import CutProtocol
internal import Foundation
internal import Model
internal import OperatorFakes
internal import OperatorWire
internal import Testing

@Suite struct `What the operator API answers` {
  @Test func `lists are wrapped, and things are found by name`() async throws {
    try await browsing { browser, _ in
      let nodes = try await browser.send(.GET, "/v1/nodes").body(Items<NodeBody>.self)
      #expect(nodes.items.map(\.name) == [Example.node(1), Example.node(2)])
      let node = try await browser.send(.GET, "/v1/nodes/node-2").body(NodeBody.self)
      #expect(node == nodes.items[1])
      #expect(try await browser.send(.GET, "/v1/nodes/node-9").status == 404)
      let placements = try await browser.send(.GET, "/v1/nodes/node-1/placements")
        .body(Items<Placement>.self)
      #expect(placements.items == [Example.placement(Example.orders, on: Example.node(1))])
      let services = try await browser.send(.GET, "/v1/services").body(Items<ServiceBody>.self)
      #expect(services.items.map(\.id.description) == ["orders.shop", "payments.shop"])
      #expect(services.items.map(\.kind) == ["StatefulSet", nil])
      let service = try await browser.send(.GET, "/v1/services/payments.shop")
        .body(ServiceBody.self)
      #expect(service == services.items[1])
      #expect(try await browser.send(.GET, "/v1/services/nobody").status == 404)
    }
  }

  @Test func `times are RFC 3339 and the moment asked for reaches the core`() async throws {
    try await browsing { browser, coordinator in
      let answer = try await browser.send(
        .GET, "/v1/services/orders/where?time=2026-03-04T06:06:07%2B01:00")
      let whereabouts = try answer.body(WhereaboutsBody.self)
      #expect(whereabouts.time == Example.start)
      #expect(answer.text.contains(#""time":"2026-03-04T05:06:07.000Z""#))
      #expect(whereabouts.found.map(\.ended) == [nil, "exited 0"])
      #expect(whereabouts.unknown.map(\.node) == [Example.node(2)])
      #expect(coordinator.shop.memory.withLock { $0.askedTime } == Example.start)
      _ = try await browser.send(.GET, "/v1/services/orders/where")
      #expect(coordinator.shop.memory.withLock { $0.askedTime } == nil)
    }
  }

  @Test func `a plan is stored as its text`() async throws {
    try await browsing { browser, coordinator in
      let text = """
        apiVersion: stillpoint.dev/v1alpha1
        kind: BackupPlan
        metadata: {name: shop}
        spec:
          environment: production
          requires: application-consistent
          services:
            - name: orders
              selector: {app: orders}
              hold: [{filesystem: {}}]
              volumes: all

        """
      let answer = try await browser.send(.PUT, "/v1/plans", body: text)
      #expect(answer.status == 200, "\(answer.text)")
      let plan = try answer.body(PlanBody.self)
      #expect(plan.source == text)
      #expect(plan.freeze == PlanBody.Freeze(budget: "2s", cap: "10s", drain: false))
      #expect(coordinator.shop.calls == ["alice plan.apply shop"])
      #expect(try await browser.send(.GET, "/v1/plans/shop").body(PlanBody.self) == plan)
    }
  }

  @Test func `a backup's evidence is readable and still proves the same`() async throws {
    try await browsing { browser, coordinator in
      let evidence = try await Example.evidence(coordinator.authority)
      let record = try Example.record(evidence)
      coordinator.shop.change {
        $0.evidence = evidence
        $0.backups = [record]
      }
      let answer = try await browser.send(.GET, "/v1/backups/\(Example.backup)/evidence")
      let document = try answer.body(EvidenceDocument.self)
      #expect(document.evidence == evidence)
      #expect(document.readable?.statements.map(\.member) == [Example.orders, Example.payments])
      // The same text is the plain evidence for who knows only that.
      #expect(try answer.body(BackupEvidence.self) == evidence)
      let backup = try await browser.send(.GET, "/v1/backups/\(Example.backup)")
        .body(BackupBody.self)
      #expect(backup.state == .ended)
      #expect(backup.meetsPlan == true)
      #expect(backup.members.map(\.windowMilliseconds) == [43, 43])
      #expect(backup.window == BackupBody.Window(milliseconds: 43, slowest: Example.orders))
      #expect(backup.members.map(\.owner) == ["StatefulSet/orders", nil])
      #expect(backup.members.map(\.namespace) == ["shop", "shop"])
      #expect(document.readable?.window == backup.window)
      #expect(
        document.readable?.windows.map(\.milliseconds) == backup.members.map(\.windowMilliseconds))
      let verdict = try await browser.send(.GET, "/v1/backups/\(Example.backup)/verify")
        .body(Verdict.self)
      #expect(verdict.grade == .applicationConsistent)
    }
  }

  @Test func `metrics are OpenMetrics text and count what is there`() async throws {
    try await browsing { browser, coordinator in
      let record = try Example.record(try await Example.evidence(coordinator.authority))
      coordinator.shop.change { $0.backups = [record] }
      let answer = try await browser.send(.GET, "/metrics")
      #expect(
        answer.headers["content-type"].first?.hasPrefix("application/openmetrics-text") == true)
      let lines = answer.text.split(separator: "\n").map(String.init)
      #expect(lines.last == "# EOF")
      for line in [
        #"stillpoint_nodes{connection="connected"} 1"#, #"stillpoint_nodes{connection="away"} 1"#,
        "stillpoint_held_members 0", "stillpoint_cuts_running 0",
        "stillpoint_cuts_waiting 0",
        #"stillpoint_recent_backups{grade="application-consistent"} 1"#,
        #"stillpoint_recent_backups{grade="failed"} 0"#,
        #"stillpoint_recent_window_seconds_bucket{le="0.025"} 0"#,
        #"stillpoint_recent_window_seconds_bucket{le="0.05"} 2"#,
        #"stillpoint_recent_window_seconds_bucket{le="+Inf"} 2"#,
        "stillpoint_recent_window_seconds_gsum 0.086", "stillpoint_catalog_size_bytes 4096",
      ] {
        #expect(lines.contains(line), "\(line) in:\n\(answer.text)")
      }
      #expect(try await browser.send(.GET, "/healthz").body(HealthBody.self).status == "ok")
    }
  }
}
