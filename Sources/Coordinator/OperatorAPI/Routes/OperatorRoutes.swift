internal import CoordinatorCore
internal import Hummingbird
internal import Model
internal import OperatorWire

func operatorIdentityRoutes(_ operations: Operations) -> [Route] {
  let operators = operations.operators
  return [
    Route(.get, "/v1/operators") { _ in
      try .json(Items(try await operators.operators().map { OperatorBody($0, now: .now()) }))
    },
    Route(.post, "/v1/operators") { call in
      let wanted = try await call.json(CreateOperator.self)
      let issued = try await operators.createOperator(
        wanted.name, request: wanted.request, author: call.author)
      return try .json(OperatorCertificateBody(issued), status: .created)
    },
    Route(.post, "/v1/operators/{operator}/renew") { call in
      let wanted = try await call.json(RenewOperator.self)
      let issued = try await operators.renewOperator(
        call.name("operator"), request: wanted.request, author: call.author)
      return try .json(OperatorCertificateBody(issued), status: .created)
    },
    Route(.post, "/v1/operators/{operator}/revoke") { call in
      let record = try await operators.revokeOperator(
        call.name("operator"), author: call.author)
      return try .json(OperatorBody(record, now: .now()))
    },
  ]
}
