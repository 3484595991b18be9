internal import AsyncHTTPClient
internal import CoordinatorCore
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization
internal import Foundation
internal import Identity
internal import Model
internal import OperatorFakes
internal import OperatorWire
internal import Testing

@Suite struct `Who may use the operator API` {
  @Test func `an operator of the fleet is answered`() async throws {
    try await browsing { browser, _ in
      let answer = try await browser.send(.GET, "/v1/status")
      #expect(answer.status == 200)
      #expect(try answer.body(StatusBody.self).fleet == Example.fleet)
      #expect(answer.headers["x-request-id"].count == 1)
    }
  }

  @Test func `an agent of the same fleet is refused on every path`() async throws {
    try await FakeCoordinator.serving { coordinator in
      let agent = try coordinator.agentCredential(Example.node(1))
      try await Browser.with(coordinator, agent) { browser in
        for path in ["/v1/status", "/healthz", "/metrics", "/nothing"] {
          let answer = try await browser.send(.GET, path)
          #expect(answer.status == 403)
          let error = try answer.error
          #expect(error.code == "forbidden")
          #expect(error.message.contains("spiffe://prod/agent/node-1"))
        }
      }
      #expect(coordinator.shop.calls.isEmpty)
    }
  }

  @Test func `without a certificate there is no connection`() async throws {
    try await FakeCoordinator.serving { coordinator in
      await #expect(throws: (any Error).self) {
        try await Browser.with(coordinator, nil) { try await $0.send(.GET, "/v1/status") }
      }
    }
  }

  @Test func `an operator of another fleet gets no connection`() async throws {
    try await FakeCoordinator.serving { coordinator in
      let other = try CertificateAuthority.open(
        directory: coordinator.directory.appending(path: "other").path,
        fleet: FleetID("elsewhere"))
      await #expect(throws: (any Error).self) {
        try await Browser.with(
          coordinator, other.issueOperator(OperatorName("mallory"))
        ) { try await $0.send(.GET, "/v1/status") }
      }
      // The same fleet's name from another authority is no better.
      let forged = try CertificateAuthority.open(
        directory: coordinator.directory.appending(path: "forged").path, fleet: Example.fleet)
      await #expect(throws: (any Error).self) {
        try await Browser.with(
          coordinator, forged.issueOperator(OperatorName("alice"))
        ) { try await $0.send(.GET, "/v1/status") }
      }
    }
  }

  @Test func `a certificate that runs out is refused on its open connection`() async throws {
    try await FakeCoordinator.serving { coordinator in
      let short = try coordinator.authority.issueOperator(
        OperatorName("alice"), lifetime: .seconds(4))
      try await Browser.with(coordinator, short) { browser in
        var answer = try await browser.send(.GET, "/v1/status")
        #expect(answer.status == 200)
        let limit = ContinuousClock.now + .seconds(30)
        while answer.status == 200, .now < limit {
          try await Task.sleep(for: .milliseconds(200))
          answer = try await browser.send(.GET, "/v1/status")
        }
        #expect(answer.status == 403)
        #expect(try answer.error.message.contains("expired"))
      }
    }
  }

  @Test func `S15: a revoked operator is refused on the next request of an open connection`()
    async throws
  {
    try await browsing { browser, coordinator in
      #expect(try await browser.send(.GET, "/v1/status").status == 200)
      let bob = try coordinator.operatorCredential("bob")
      try await Browser.with(coordinator, bob) { other in
        #expect(try await other.send(.GET, "/v1/status").status == 200)
        let revoked = try await browser.send(.POST, "/v1/operators/bob/revoke")
        #expect(revoked.status == 200, "\(revoked.text)")
        #expect(try revoked.body(OperatorBody.self).state == .revoked)
        let refused = try await other.send(.GET, "/v1/status")
        #expect(refused.status == 403)
        #expect(try refused.error.message == "operator bob was revoked at noon")
      }
      #expect(try await browser.send(.GET, "/v1/status").status == 200)
    }
  }

  @Test func `S15: a revoked operator's open stream of events ends with its next message`()
    async throws
  {
    try await browsing { browser, coordinator in
      let running = try Example.record(nil)
      coordinator.shop.change { $0.backups = [running] }
      let response = try await browser.open(.GET, "/v1/backups/\(Example.backup)/events")
      try await until { coordinator.shop.followers > 0 }
      coordinator.shop.change { $0.refused = [OperatorName(accepted: "alice")] }
      coordinator.shop.tell(
        BackupLogEntry(time: Example.start, member: Example.orders, text: "a secret"))
      var text = ""
      do {
        for try await piece in response.body { text += String(buffer: piece) }
      } catch {
        // The connection breaks off, which the client may or may not call an error.
      }
      #expect(!text.contains("secret"))
      #expect(try await browser.send(.GET, "/v1/status").status == 403)
    }
  }

  @Test func `a request that proves no key makes no operator`() async throws {
    try await browsing { browser, _ in
      for request in ["", "AAAA"] {
        let answer = try await browser.send(
          .POST, "/v1/operators", body: #"{"name":"bob","request":"\#(request)"}"#)
        #expect(answer.status == 400, "\(answer.text)")
      }
    }
  }

  @Test func `everything that changes something names its author`() async throws {
    try await browsing { browser, coordinator in
      let requests: [(Browser.Answer, Int)] = [
        (try await browser.send(.POST, "/v1/backups", body: #"{"plan":"shop"}"#), 202),
        (try await browser.send(.POST, "/v1/backups/b1/cancel"), 204),
        (try await browser.send(.DELETE, "/v1/backups/b1"), 204),
        (
          try await browser.send(
            .POST, "/v1/restores",
            body: #"{"backup":"b1","services":["orders"],"into":"/srv/r","acceptUnproven":true}"#),
          202
        ),
        (try await browser.send(.DELETE, "/v1/plans/shop"), 204),
        (try await browser.send(.POST, "/v1/agents/tokens", body: #"{"node":"node-3"}"#), 201),
        (try await browser.send(.POST, "/v1/agents/node-2/revoke"), 204),
        (try await browser.send(.POST, "/v1/catalog/backup", body: #"{"path":"/srv/c.db"}"#), 201),
      ]
      for (answer, status) in requests { #expect(answer.status == status, "\(answer.text)") }
      #expect(
        coordinator.shop.calls == [
          "alice backup.create shop", "alice backup.cancel b1", "alice backup.delete b1",
          "alice restore.create b1 orders /srv/r true", "alice plan.delete shop",
          "alice token.create node-3", "alice agent.revoke node-2",
          "alice catalog.backup /srv/c.db",
        ])
    }
  }
}
