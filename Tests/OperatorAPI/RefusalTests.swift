internal import AsyncHTTPClient
internal import NIOHTTP1
internal import Synchronization
internal import CoordinatorCore
internal import Foundation
internal import Model
internal import NIOCore
internal import OperatorFakes
internal import OperatorWire
internal import Testing

@Suite struct `What the operator API refuses` {
  @Test(arguments: [
    (OperationError.Code.notFound, 404, "not-found"), (.conflict, 409, "conflict"),
    (.invalid, 400, "invalid"), (.forbidden, 403, "forbidden"),
    (.unavailable, 503, "unavailable"),
  ])
  func `every reason of the core has its status and its words`(
    code: OperationError.Code, status: Int, text: String
  ) async throws {
    let shop = Example.shop()
    shop.change { $0.failure = OperationError(code, "this went wrong", hint: "do that") }
    try await browsing(shop) { browser, _ in
      let answer = try await browser.send(.GET, "/v1/nodes")
      #expect(answer.status == status)
      #expect(
        try answer.error == ErrorBody(code: text, message: "this went wrong", hint: "do that"))
    }
  }

  @Test func `an unknown path is not found and another method is told which there are`()
    async throws
  {
    try await browsing { browser, _ in
      for path in ["/", "/v2/status", "/v1/status/", "/v1//nodes", "/v1/nodes/a/b/c/d/e/f/g/h"] {
        let answer = try await browser.send(.GET, path)
        #expect(answer.status == 404, "\(path)")
        #expect(try answer.error.code == "not-found")
      }
      let answer = try await browser.send(.DELETE, "/v1/status")
      #expect(answer.status == 405)
      #expect(answer.headers["allow"] == ["GET"])
      #expect(
        try answer.error
          == ErrorBody(
            code: "method-not-allowed", message: "DELETE is not possible on /v1/status"))
      let plans = try await browser.send(.PATCH, "/v1/backups/b1")
      #expect(plans.headers["allow"] == ["DELETE, GET"])
    }
  }

  @Test func `garbage in names, times, limits and queries is named`() async throws {
    try await browsing { browser, _ in
      let cases = [
        ("/v1/nodes/NODE", "'NODE' is no valid node name"),
        ("/v1/nodes/..%2f..%2fetc", "'../../etc' is no valid node name"),
        ("/v1/services/orders/where?time=yesterday", "'yesterday' is no time"),
        ("/v1/services/orders/history?limit=0", "'0' is no number from 1 to 1000"),
        ("/v1/services/orders/history?limit=many", "'many' is no number from 1 to 1000"),
        ("/v1/backups?plan=A%20B", "query parameter plan: 'A B' is no valid plan name"),
        ("/v1/backups?pln=shop", "unknown query parameter 'pln'"),
        ("/v1/status?x=1", "unknown query parameter 'x'"),
        ("/v1/audit?limit=1&limit=2", "query parameter limit is given twice"),
      ]
      for (path, message) in cases {
        let answer = try await browser.send(.GET, path)
        #expect(answer.status == 400, "\(path): \(answer.text)")
        let error = try answer.error
        #expect(error.code == "invalid")
        #expect(error.message.contains(message), "\(path): \(error.message)")
      }
    }
  }

  @Test func `garbage in bodies is named and nothing is done`() async throws {
    try await browsing { browser, coordinator in
      let cases = [
        ("", "the request has no body"), ("{", "the request's body is no JSON"),
        ("[]", "the request's body is no JSON object"),
        (#"{"plam":"shop"}"#, "the request's body has an unknown key 'plam'"),
        (#"{}"#, "the request's body: key 'plan' is missing"),
        (#"{"plan":7}"#, "the request's body: expected String at plan"),
        (#"{"plan":"UPPER"}"#, "'UPPER' is no valid plan name"),
      ]
      for (body, message) in cases {
        let answer = try await browser.send(.POST, "/v1/backups", body: body)
        #expect(answer.status == 400, "\(body): \(answer.text)")
        #expect(try answer.error.message.hasPrefix(message), "\(body): \(answer.text)")
      }
      let bytes = try await browser.open(
        .POST, "/v1/backups", body: ByteBuffer(bytes: [0xff, 0xfe, 0x00]))
      #expect(bytes.status.code == 400)
      let into = try await browser.send(
        .POST, "/v1/restores", body: #"{"backup":"b1","into":"relative"}"#)
      #expect(try into.error.message == "into: 'relative' is no absolute path")
      let path = try await browser.send(.POST, "/v1/catalog/backup", body: #"{"path":"c.db"}"#)
      #expect(try path.error.message == "path: 'c.db' is no absolute path")
      #expect(coordinator.shop.calls.isEmpty)
    }
  }

  @Test func `a body beyond its limit is too large`() async throws {
    try await browsing { browser, coordinator in
      let large = String(repeating: "x", count: 300 * 1024)
      let plan = try await browser.send(.PUT, "/v1/plans", body: large)
      #expect(plan.status == 413)
      #expect(
        try plan.error
          == ErrorBody(
            code: "too-large", message: "the request's body is larger than 262144 bytes"))
      let backup = try await browser.send(
        .POST, "/v1/backups", body: #"{"plan":"\#(large)"}"#)
      #expect(backup.status == 413)
      #expect(coordinator.shop.calls.isEmpty)
    }
  }

  @Test func `a plan's errors come with their lines`() async throws {
    try await browsing { browser, coordinator in
      let answer = try await browser.send(
        .PUT, "/v1/plans", body: "apiVersion: stillpoint.dev/v1alpha1\nkind: Backup\nspek: {}\n")
      #expect(answer.status == 400)
      let message = try answer.error.message
      #expect(message.hasPrefix("the plan has "))
      #expect(message.contains("nothing was stored:\n"))
      #expect(message.contains("line 2: "))
      #expect(message.contains("spek"))
      #expect(coordinator.shop.calls.isEmpty)
    }
  }
}
