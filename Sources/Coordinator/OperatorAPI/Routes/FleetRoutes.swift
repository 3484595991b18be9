internal import CoordinatorCore
internal import Hummingbird
internal import Model
internal import OperatorWire

func fleetRoutes(_ operations: Operations) -> [Route] {
  let fleet = operations.fleet
  return [
    Route(.get, "/v1/status") { _ in
      try .json(StatusBody(try await fleet.status()))
    },
    Route(.get, "/v1/nodes") { _ in
      try .json(Items(try await fleet.nodes().map(NodeBody.init)))
    },
    Route(.get, "/v1/nodes/{node}") { call in
      let id: NodeID = try call.name("node")
      guard let node = try await fleet.nodes().first(where: { $0.record.id == id }) else {
        throw Refused.notFound("there is no node \(id)", hint: "GET /v1/nodes lists them")
      }
      return try .json(NodeBody(node))
    },
    Route(.get, "/v1/nodes/{node}/placements") { call in
      try .json(Items(try await fleet.placements(on: call.name("node"))))
    },
    Route(.get, "/v1/services") { _ in
      try .json(Items(try await fleet.services().map(ServiceBody.init)))
    },
    Route(.get, "/v1/services/{service}") { call in
      let id = try await fleet.service(call.name("service"))
      guard let service = try await fleet.services().first(where: { $0.service == id }) else {
        throw Refused.notFound(
          "service \(id) is called otherwise since a moment ago",
          hint: "GET /v1/services lists them")
      }
      return try .json(ServiceBody(service))
    },
    Route(.get, "/v1/services/{service}/where", query: ["time"]) { call in
      let time = try call.time()
      let asked = time ?? .now()
      let service = try await fleet.service(call.name("service"))
      let answer = try await fleet.whereabouts(of: service, at: time)
      return try .json(WhereaboutsBody(answer, of: service, at: asked))
    },
    Route(.get, "/v1/services/{service}/history", query: ["limit"]) { call in
      let limit = try call.limit()
      let service = try await fleet.service(call.name("service"))
      return try .json(
        Items(try await fleet.history(of: service, limit: limit).map(IntervalBody.init)))
    },
  ]
}
