internal import CoordinatorCore
internal import Hummingbird
internal import OperatorWire

func agentRoutes(_ operations: Operations) -> [Route] {
  let agents = operations.agents
  return [
    Route(.post, "/v1/agents/tokens") { call in
      let wanted = try await call.json(CreateToken.self)
      let token = try await agents.createToken(for: wanted.node, author: call.author)
      return try .json(
        TokenBody(node: wanted.node, token: token.text, expires: token.expires), status: .created)
    },
    Route(.post, "/v1/agents/{node}/revoke") { call in
      try await agents.revoke(call.name("node"), author: call.author)
      return .noContent
    },
    Route(.get, "/v1/audit", query: ["limit"]) { call in
      try .json(Items(try await agents.audit(limit: call.limit()).map(AuditBody.init)))
    },
    Route(.post, "/v1/catalog/backup") { call in
      let wanted = try await call.json(BackupCatalog.self)
      guard wanted.path.hasPrefix("/"), !wanted.path.contains("\0") else {
        throw Refused.invalid(
          "path: '\(wanted.path.prefix(200))' is no absolute path",
          hint: "name a file of the coordinator's host that does not exist yet")
      }
      try await agents.backupCatalog(to: wanted.path, author: call.author)
      return try .json(wanted, status: .created)
    },
  ]
}
