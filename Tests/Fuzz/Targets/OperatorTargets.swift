import CoordinatorCore
import CutProtocol
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import Model
import OperatorFakes
import OperatorWire

@testable import CommandLineKit
@testable import OperatorAPI

extension FuzzTarget {
  /// Paths, query strings and bodies that reach the operator API.
  static let operatorRequest = FuzzTarget(
    name: "operator-request",
    words: [
      "/v1/backups", "/v1/services/", "/where", "?time=", "&limit=", "%2e%2e", "%00", "%ff", "%",
      "{\"plan\":\"shop\"}", "\"services\":[", "\"into\":\"/srv\"", "\"acceptUnproven\":true",
      "2026-03-04T05:06:07Z", "\\u0000", "[[[[[[[[",
    ],
    seeds: {
      [
        "\u{0}/v1/services/orders/where?time=2026-03-04T05:06:07Z&limit=10", "\u{0}/v1/a%2Fb/c",
        "\u{1}{\"plan\":\"shop\"}",
        "\u{1}{\"backup\":\"b1\",\"services\":[\"orders\"],\"into\":\"/srv/r\",\"acceptUnproven\":true}",
        "\u{1}{\"node\":\"node-1\"}", "\u{1}{\"path\":\"/srv/copy\"}",
      ].map { Array($0.utf8) }
    },
    run: { bytes in
      guard let kind = bytes.first else { return }
      let text = String(decoding: bytes.dropFirst(), as: UTF8.self)
      do {
        if kind % 2 == 0 { try readPath(text) } else { try readBodies(text) }
      } catch let refused as Refused {
        try BrokenPromise.unlessShort(refused.body.message, atMost: 8 << 10)
      }
    })

  private static let table = RouteTable(
    [
      Route(.get, "/v1/backups/{backup}", query: ["limit", "time"]) { _ in .noContent },
      Route(.delete, "/v1/backups/{backup}") { _ in .noContent },
      Route(.get, "/v1/services/{service}/where", query: ["time"]) { _ in .noContent },
      Route(.get, "/v1/services/all/where") { _ in .noContent },
    ])

  private static let caller = OperatorCertificate(
    name: OperatorName(accepted: "ops"), issued: Example.start, expires: Example.start)

  private static func readPath(_ text: String) throws {
    let uri = URI(text)
    var parameters: [String: String] = [:]
    if case .found(_, let found) = table.match(.get, path: uri.path) { parameters = found }
    let query = try OperatorResponder.query(of: uri, knows: ["limit", "time", "plan"])
    let request = Request(
      head: HTTPRequest(method: .get, scheme: nil, authority: nil, path: "/"),
      body: RequestBody(buffer: .init()))
    let call = Call(
      request: request, caller: caller, parameters: parameters, query: query)
    let limit = try call.limit()
    try BrokenPromise.unless((1...Call.longestList).contains(limit), "a limit of \(limit)")
    _ = try call.time()
    let plan: PlanName? = try call.queried("plan")
    _ = plan
    if parameters["backup"] != nil {
      let backup: BackupID = try call.name("backup")
      try BrokenPromise.unless(!backup.text.contains("/"), "a backup called \(backup)")
    }
  }

  private static func readBodies(_ text: String) throws {
    let readers: [(String) throws -> Void] = [
      { _ = try Call.document(CreateBackup.self, from: $0) },
      { _ = try Call.document(CreateRestore.self, from: $0) },
      { _ = try Call.document(CreateToken.self, from: $0) },
      { _ = try Call.document(BackupCatalog.self, from: $0) },
    ]
    for read in readers {
      do {
        try read(text)
      } catch let refused as Refused {
        try BrokenPromise.unlessShort(refused.body.message, atMost: 8 << 10)
      }
    }
  }

  /// What something that says it is a coordinator answers to the command line.
  static let operatorAnswer = FuzzTarget(
    name: "operator-answer",
    words: [
      "data: ", "event: log\n", "\n\n", "\r\n", ": alive\n", "\"members\":[", "\"verdict\":",
      "\"windowMilliseconds\":1e308", "-1e308", "\"createdAt\":\"1677-09-21T00:12:43.145Z\"",
      "\"sizeBytes\":9223372036854775807", "\"state\":\"ended\"", "\\u001b[2J",
    ],
    seeds: {
      let statement = Sample.statements[0]
      return try [
        [0] + Array("event: log\ndata: {\"a\":1}\ndata: b\n\n: alive\n\n".utf8),
        [1] + Sample.json(Example.placement(Example.orders, on: Example.node(1))),
        [1] + Sample.json(ErrorBody(code: "invalid", message: "no", hint: nil)),
        [1] + Sample.json([statement]),
        [1]
          + Array(
            #"""
            {"id":"shop-1","plan":"shop","environment":"production","requires":"application-consistent",
            "policy":"strict","state":"ended","createdAt":"2026-03-04T05:06:07.000Z","createdBy":"ops",
            "endedAt":"2026-03-04T05:06:09.000Z","attempts":1,"meetsPlan":true,
            "members":[{"name":"orders","node":"node-1","group":0,"windowMilliseconds":43.5,
            "snapshots":[{"containerPath":"/data","driver":"d","volume":"v","snapshot":"s","sizeBytes":7}]}],
            "verdict":{"grade":"unproven","drained":false,"sentence":"no","findings":[]}}
            """#.utf8),
      ]
    },
    run: { bytes in
      guard let kind = bytes.first else { return }
      let rest = bytes.dropFirst()
      if kind % 2 == 0 {
        var whole = ServerEvents()
        var pieces = ServerEvents()
        let found = try? whole.read(rest)
        let first = try? pieces.read(rest.prefix(rest.count / 2))
        let second = try? pieces.read(rest.suffix(rest.count - rest.count / 2))
        if let found, let first, let second {
          try BrokenPromise.unlessSame(first + second, found, "events that came in two pieces")
        }
        return
      }
      try show(Data(rest))
    })

  private static func show(_ data: Data) throws {
    let decoder = JSONDecoder()
    let now = Example.start
    func decoded<Body: Decodable>(_ type: Body.Type) -> Body? {
      try? decoder.decode(type, from: data)
    }
    var texts: [String] = []
    if let body = decoded(BackupBody.self) {
      texts += [backupText(body, wide: true), backupTable([body], wide: true)]
    }
    if let body = decoded(NodeBody.self) {
      texts += [nodeTable([body], now: now, wide: true), agentTable([body], now: now, wide: true)]
    }
    if let body = decoded(ServiceBody.self) {
      texts.append(serviceText(body, now: now, wide: true))
    }
    if let body = decoded(StatusBody.self) { texts.append(statusText(body, now: now, wide: true)) }
    if let body = decoded(RestoreBody.self) { texts.append(restoreText(body, wide: true)) }
    if let body = decoded(PlanBody.self) { texts.append(planText(body)) }
    if let body = decoded(PlanCheckBody.self) { texts.append(planCheckText(body, wide: true)) }
    if let body = decoded(WhereaboutsBody.self) { texts.append(whereaboutsText(body, wide: true)) }
    if let body = decoded(Placement.self) { texts.append(placementTable([body], wide: true)) }
    if let statements = decoded([HoldStatement].self) {
      texts.append(Timeline(statements: statements, width: 100, style: .ascii).text)
    }
    for text in texts {
      let control = text.unicodeScalars.first {
        $0.properties.generalCategory == .control && $0 != "\n"
      }
      try BrokenPromise.unless(control == nil, "a control character reaches the terminal")
    }
  }
}
