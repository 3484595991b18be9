import CoordinatorCore
import CutProtocol
import KubernetesClient
import Model
import Testing

@testable import CoordinatorKubernetes

private let controller = BackupController()
private let running: JSONValue = ["phase": "Running"]

private func decide(
  _ object: KubernetesObject, _ known: BackupController.Knowledge = .init()
) -> [BackupController.Action] {
  controller.decide(object, known, at: Sample.now)
}

struct `A Backup object` {
  @Test func `is kept by a finalizer before anything is started for it`() {
    #expect(decide(Sample.backup(finalizers: ["other"])) == [.addFinalizer])
  }

  @Test func `starts a cut of its namespace's plan, by its UID`() throws {
    #expect(
      decide(Sample.backup()) == [.start(try PlanName("shop.production"), try RequestID("uid-1"))])
  }

  @Test func `that was answered never starts another cut, whatever its status says`() throws {
    var known = BackupController.Knowledge()
    known.answer = try BackupID("b-1")
    let actions = decide(Sample.backup(), known)
    #expect(actions == [.report(.failed("Gone", "the backup was deleted"))])
    #expect(decide(Sample.backup(status: ["phase": "Failed"]), known) == [])
  }

  @Test func `that the catalog has lost is not said to have been deleted`() {
    let actions = decide(Sample.backup(status: ["phase": "Completed"]))
    guard case .report(let report)? = actions.first, actions.count == 1 else {
      Issue.record("\(actions)")
      return
    }
    #expect(report.phase == .failed)
    #expect(report.reason == "Unknown")
    #expect(report.message.contains("does not know this backup, nor that anybody deleted it"))
    // Said whole in its condition.
    #expect(Condition.bounded(report.message) == report.message)
  }

  @Test(arguments: ["Running", "Completed", "Failed", "Deleting"])
  func `that has once begun never starts a cut, even when the catalog lost it`(phase: String) {
    for action in decide(Sample.backup(status: ["phase": .string(phase)])) {
      guard case .report = action else {
        Issue.record("\(action)")
        continue
      }
    }
  }

  @Test func `says how many members are held`() throws {
    let known = BackupController.Knowledge(
      answer: try BackupID("b-1"), record: try Sample.record(),
      standing: CutStanding(held: 1, last: nil))
    let report = BackupReport.of(try Sample.record(), CutStanding(held: 1, last: nil))
    #expect(decide(Sample.backup(), known) == [.report(report)])
    let status = report.status(of: Sample.backup(), at: Sample.now)
    #expect(status["phase"] == "Running")
    #expect(status["message"] == "1 of 1 held")
    #expect(status["backup"] == "b-1")
  }

  @Test func `says for which backup it waits`() throws {
    let standing = CutStanding(held: 0, last: nil, waitsFor: "backup b-0, which uses orders too")
    let status = BackupReport.of(try Sample.record(), standing)
      .status(of: Sample.backup(), at: Sample.now)
    #expect(status["phase"] == "Running")
    #expect(status["message"] == "waits for backup b-0, which uses orders too")
  }

  @Test func `says the grade, and whether the plan's was reached`() throws {
    let record = try Sample.record(grade: .crashConsistent)
    let status = BackupReport.of(record, nil).status(of: Sample.backup(), at: Sample.now)
    #expect(status["phase"] == "Completed")
    #expect(status["grade"] == "crash-consistent")
    #expect(status["meetsPlan"] == false)
    #expect(status["conditions"]?[1]?["reason"] == "GradeMissed")
    let event = BackupReport.of(record, nil).event(for: Sample.backup(status: running))
    #expect(
      event
        == ObjectEvent(
          .warning, "Committed", "crash-consistent, less than the plan requires: because"))
    #expect(BackupReport.of(record, nil).event(for: Sample.backup(status: status)) == nil)
  }

  @Test func `waits for a plan that does not fit yet, but not for long`() throws {
    var known = BackupController.Knowledge()
    known.refusal = OperationError(.invalid, "nothing matches")
    #expect(decide(Sample.backup(), known) == [.report(.pending("Waiting", "nothing matches"))])
    #expect(
      decide(Sample.backup(age: .seconds(301)), known)
        == [.report(.failed("Refused", "nothing matches; create another Backup to try again"))])
    known.refusal = OperationError(.unavailable, "the disk is full")
    #expect(
      decide(Sample.backup(age: .seconds(9000)), known)
        == [.report(.pending("Waiting", "the disk is full"))])
  }
}

struct `A deleted Backup object` {
  private func known(_ record: BackupRecord?) throws -> BackupController.Knowledge {
    BackupController.Knowledge(answer: try BackupID("b-1"), record: record)
  }

  @Test func `takes its snapshots with it, and goes after them`() throws {
    #expect(
      decide(Sample.backup(deleted: true), try known(Sample.record(grade: .unproven)))
        == [.delete(try BackupID("b-1")), .removeFinalizer])
  }

  @Test func `waits for the end of its cut`() throws {
    let actions = decide(Sample.backup(deleted: true, status: running), try known(Sample.record()))
    #expect(
      actions == [
        .report(.deleting("Running", "deleted when the cut that is being taken has ended"))
      ])
  }

  @Test func `cancels a backup that only waits`() throws {
    var known = try known(Sample.record())
    known.standing = CutStanding(held: 0, last: nil, waitsFor: "backup b-0, which uses orders too")
    let actions = decide(Sample.backup(deleted: true, status: running), known)
    #expect(
      actions == [
        .cancel(try BackupID("b-1")),
        .report(
          .deleting("Cancelled", "cancelled while it waited for backup b-0, which uses orders too")),
      ])
  }

  @Test func `leaves its backup when told to retain it`() throws {
    #expect(
      decide(
        Sample.backup(retain: true, deleted: true), try known(Sample.record(grade: .unproven)))
        == [.release(try BackupID("b-1")), .removeFinalizer])
  }

  @Test func `leaves its backup when the whole namespace goes`() throws {
    var known = try known(Sample.record(grade: .unproven))
    known.namespaceEnds = true
    #expect(
      decide(Sample.backup(deleted: true), known)
        == [.release(try BackupID("b-1")), .removeFinalizer])
  }

  @Test func `goes at once when nothing was started for it or is left of it`() throws {
    #expect(decide(Sample.backup(deleted: true)) == [.removeFinalizer])
    #expect(decide(Sample.backup(deleted: true), try known(nil)) == [.removeFinalizer])
    #expect(decide(Sample.backup(finalizers: ["other"], deleted: true), try known(nil)) == [])
  }

  @Test func `stays and says why while a snapshot cannot be deleted`() throws {
    var known = try known(Sample.record(grade: .unproven))
    known.deletionRefusal = OperationError(.unavailable, "node-1 is away", hint: "run it again")
    #expect(
      decide(Sample.backup(deleted: true), known)
        == [.report(.deleting("Waiting", "node-1 is away"))])
  }
}

struct `A backup taken elsewhere` {
  private let plan = ObjectKey(namespace: "production", name: "shop")

  @Test func `appears as an object of its plan's namespace`() throws {
    let record = try Sample.record()
    let objects = controller.mirrors([record], of: plan, objects: [:], released: [])
    #expect(objects.map(\.key) == [ObjectKey(namespace: "production", name: "b-1")])
    #expect(objects.first?["spec", "plan"] == "shop")
    #expect(objects.first.map(BackupView.init)?.isMirror == true)
    let known = BackupController.Knowledge(record: record)
    #expect(
      decide(Sample.backup("b-1", mirror: true), known) == [.report(.of(record, nil))])
  }

  @Test func `does not appear twice, nor after it was released or while it is deleted`() throws {
    let asked = Sample.backup("first")
    let author = PlanOwner.author(namespace: "production", name: "first")
    let shown = Sample.backup("b-3", mirror: true)
    let records = [
      try Sample.record("b-1", createdBy: author), try Sample.record("b-2", deleting: true),
      try Sample.record("b-3"), try Sample.record("b-4"),
    ]
    let objects = controller.mirrors(
      records, of: plan, objects: [asked.key: asked, shown.key: shown],
      released: [try BackupID("b-4")])
    #expect(objects == [])
  }

  @Test func `takes its object with it when it is deleted elsewhere`() {
    #expect(decide(Sample.backup("b-1", mirror: true)) == [.deleteObject])
    #expect(
      decide(Sample.backup("b-1", mirror: true, status: ["phase": "Completed"]))
        == [.deleteObject])
  }

  @Test func `tells which of the two its plan requires was missed`() throws {
    let object = Sample.backup()
    func meets(_ grade: Grade, _ state: ManifestSummary.State) throws -> String {
      var record = try Sample.record(grade: grade)
      var plan = record.plan.plan
      plan.manifests = ManifestRules(capture: .required)
      record.plan = try SealedPlan(plan)
      record.manifests = ManifestSummary(state: state, reason: "away", namespaces: ["production"])
      let status = BackupReport.of(record, nil).status(of: object, at: Sample.now)
      let condition = (status["conditions"]?.array ?? []).first { $0["type"] == "MeetsPlan" }
      return "\(condition?["status"]?.string ?? "-") \(condition?["reason"]?.string ?? "-")"
    }
    #expect(try meets(.applicationConsistent, .complete) == "True GradeReached")
    #expect(try meets(.applicationConsistent, .failed) == "False ManifestsMissing")
    #expect(try meets(.crashConsistent, .complete) == "False GradeMissed")
    #expect(try meets(.applicationConsistent, .pending) == "- -")
  }
}
