internal import CoordinatorCore
internal import Hummingbird
internal import Model
internal import OperatorWire
internal import PlanFile

/// Plans larger than this are refused.
let largestPlan = 256 * 1024

func planRoutes(_ operations: Operations) -> [Route] {
  let plans = operations.plans
  return [
    Route(.get, "/v1/plans") { _ in
      try .json(Items(try await plans.plans().map(PlanBody.init)))
    },
    Route(.put, "/v1/plans") { call in
      let source = try await call.text(upTo: largestPlan)
      let plan = try parsed(source)
      return try .json(
        PlanBody(try await plans.applyPlan(plan, source: source, author: call.author)))
    },
    Route(.get, "/v1/plans/{plan}") { call in
      try .json(PlanBody(try await plans.plan(call.name("plan"))))
    },
    Route(.delete, "/v1/plans/{plan}") { call in
      try await plans.deletePlan(call.name("plan"), author: call.author)
      return .noContent
    },
    Route(.get, "/v1/plans/{plan}/check") { call in
      let name: PlanName = try call.name("plan")
      return try .json(PlanCheckBody(try await plans.checkPlan(name), of: name))
    },
    Route(.post, "/v1/plans/{plan}/probe") { call in
      let name: PlanName = try call.name("plan")
      return try .json(
        PlanProbeBody(try await plans.probePlan(name, author: call.author), of: name))
    },
  ]
}

private func parsed(_ source: String) throws -> BackupPlan {
  do {
    return try PlanFile.parse(source)
  } catch {
    let count = error.issues.count + error.unreported
    throw Refused.invalid(
      "the plan has \(count == 1 ? "an error" : "\(count) errors"), nothing was stored:\n\(error)")
  }
}
