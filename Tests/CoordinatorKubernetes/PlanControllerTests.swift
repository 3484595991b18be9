import CoordinatorCore
import KubernetesClient
import Model
import PlanFile
import Testing

@testable import CoordinatorKubernetes

private let controller = PlanController(home: "stillpoint")

struct `A BackupPlan object` {
  private func record(_ object: KubernetesObject, author: String) throws -> PlanRecord {
    PlanRecord(
      plan: try controller.plan(of: object).get(), source: "", revision: 3, appliedAt: Sample.now,
      appliedBy: author)
  }

  private func refusal(_ object: KubernetesObject) -> Condition? {
    guard case .report(let report) = controller.decide(object, record: nil) else { return nil }
    return report.ready
  }

  @Test func `is stored under its own name and its namespace's`() throws {
    guard case .apply(let plan) = controller.decide(Sample.plan(), record: nil) else {
      Issue.record("was not applied")
      return
    }
    #expect(plan.name.text == "shop.production")
    #expect(plan.services.first?.selector.namespace == "production")
  }

  @Test func `is not stored again while nothing changed`() throws {
    let record = try record(
      Sample.plan(), author: PlanOwner.author(namespace: "production", name: "shop"))
    guard case .report(let report) = controller.decide(Sample.plan(), record: record) else {
      Issue.record("was applied again")
      return
    }
    #expect(report.ready == Condition("Ready", .yes, "Applied", "plan shop.production, 1 service"))
    #expect(report.revision == 3)
    let changed = Sample.plan(environment: "test")
    #expect(controller.decide(changed, record: record) != .report(report))
  }

  @Test func `says what is wrong in the plan file's words, with the field`() {
    #expect(
      refusal(Sample.plan(environment: "produktion"))
        == Condition(
          "Ready", .no, "Invalid",
          "spec.environment: expected one of development, test, staging, production, found 'produktion'; did you mean 'production'?"
        ))
  }

  @Test func `selects in its own namespace only, but for the coordinator's`() {
    let selector: JSONValue = ["app": "orders", "namespace": "other"]
    #expect(
      refusal(Sample.plan(selector: selector))
        == Condition(
          "Ready", .no, "OtherNamespace",
          "spec.services[0].selector.namespace: 'other' is another namespace; a plan selects in its own, production, unless it is in the coordinator's, stillpoint"
        ))
    #expect(refusal(Sample.plan(in: "stillpoint", selector: selector)) == nil)
  }

  @Test func `leaves the revision in force that was there before a refused change`() throws {
    let record = try record(
      Sample.plan(), author: PlanOwner.author(namespace: "production", name: "shop"))
    let changed = Sample.plan(environment: "test")
    let plan = try controller.plan(of: changed).get()
    let error = OperationError(.invalid, "service orders: its selector matches no container")
    let report = controller.report(changed, plan, .failure(error), before: record)
    #expect(report.ready.reason == "Unresolved")
    #expect(report.revision == 3)
    let foreign = try self.record(Sample.plan(), author: "ann")
    let conflict = OperationError(.conflict, "plan shop.production was applied by ann")
    let refused = controller.report(changed, plan, .failure(conflict), before: foreign)
    #expect(refused.ready.reason == "Conflict")
    #expect(refused.revision == nil)
  }

  @Test func `takes its plan with it, and nobody else's`() throws {
    let author = PlanOwner.author(namespace: "production", name: "shop")
    let records = [
      try record(Sample.plan(), author: author),
      try record(Sample.plan("other"), author: "ann"),
    ]
    #expect(controller.abandoned(records, objects: [Sample.plan().key]) == [])
    #expect(controller.abandoned(records, objects: []).map(\.plan.name.text) == ["shop.production"])
  }

  @Test func `keeps the time of a transition until there is another`() {
    var object = Sample.plan()
    let report = PlanController.Report(
      ready: Condition("Ready", .no, "Invalid", "a"), plan: nil, revision: nil)
    object["status"] = report.status(of: object, last: nil, at: Sample.now)
    let later = Sample.now + .seconds(60)
    #expect(!object.lacks(report.status(of: object, last: nil, at: later)))
    var other = report
    other.ready = Condition("Ready", .yes, "Applied", "b")
    #expect(
      other.status(of: object, last: nil, at: later)["conditions"]?[0]?["lastTransitionTime"]
        == .string(later.wholeSeconds))
  }
}
