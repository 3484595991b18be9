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
      let request = try RestoreRequest(try await call.json(CreateRestore.self))
      let record = try await restores.createRestore(request, author: call.author)
      return try .json(
        RestoreBody(record), status: .accepted, location: "/v1/restores/\(record.id)")
    },
    Route(.post, "/v1/restores/preview") { call in
      let request = try RestoreRequest(try await call.json(CreateRestore.self))
      return try .json(
        Items(try await restores.previewRestore(request).map(ObjectActionBody.init)))
    },
    Route(.get, "/v1/restores/{restore}") { call in
      try .json(RestoreBody(try await restores.restore(call.name("restore"))))
    },
  ]
}

extension RestoreRequest {
  fileprivate init(_ wanted: CreateRestore) throws {
    if let into = wanted.into, !into.hasPrefix("/") || into.utf8.contains(0) {
      throw Refused.invalid(
        "into: '\(into.prefix(200))' is no absolute path",
        hint: "name a directory of the nodes, for example /srv/restored")
    }
    self.init(
      backup: wanted.backup, services: wanted.services ?? [], into: wanted.into,
      acceptUnproven: wanted.acceptUnproven ?? false,
      objects: try wanted.objects.map { try ObjectRestoreOrder($0) })
  }
}
