internal import CoordinatorCore
internal import Hummingbird
internal import OperatorWire

func restoreRoutes(_ operations: Operations) -> [Route] {
  let restores = operations.restores
  return [
    Route(.get, "/v1/restores") { _ in
      try .json(Items(try await restores.restores().map(RestoreBody.init)))
    },
    Route(.post, "/v1/restores") { call in
      let wanted = try await call.json(CreateRestore.self)
      if let into = wanted.into, !into.hasPrefix("/") || into.utf8.contains(0) {
        throw Refused.invalid(
          "into: '\(into.prefix(200))' is no absolute path",
          hint: "name a directory of the nodes, for example /srv/restored")
      }
      let record = try await restores.createRestore(
        RestoreRequest(
          backup: wanted.backup, services: wanted.services ?? [], into: wanted.into,
          acceptUnproven: wanted.acceptUnproven ?? false), author: call.author)
      return try .json(
        RestoreBody(record), status: .accepted, location: "/v1/restores/\(record.id)")
    },
    Route(.get, "/v1/restores/{restore}") { call in
      try .json(RestoreBody(try await restores.restore(call.name("restore"))))
    },
  ]
}
