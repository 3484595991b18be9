import CoordinatorCore
import KubernetesClient
import Model
import Testing

@testable import CoordinatorKubernetes

private let controller = RestoreController(home: "stillpoint")

struct `A Restore object` {
  private func object(
    in namespace: String = "production", services: [String] = [], into: String? = nil,
    objects: JSONValue? = nil
  ) -> KubernetesObject {
    var spec: JSONValue = ["backup": "first"]
    if !services.isEmpty { spec["services"] = .array(services.map { .string($0) }) }
    if let into { spec["into"] = .string(into) }
    if let objects { spec["objects"] = objects }
    var object = KubernetesObject(
      .restores, name: "back", namespace: namespace, fields: ["spec": spec])
    object["metadata", "uid"] = "uid-2"
    return object
  }

  private func record(_ state: RestoreRecord.State) throws -> RestoreRecord {
    RestoreRecord(
      id: try RestoreID("restore-uid-2"), backup: try BackupID("b-1"), into: nil, createdBy: "a",
      createdAt: Sample.now, endedAt: nil, state: state, steps: [])
  }

  @Test func `starts a restore whose name follows from its UID`() throws {
    let known = RestoreController.Knowledge(backup: try BackupID("b-1"))
    #expect(
      controller.decide(object(services: ["orders"]), known) == [
        .start(
          RestoreRequest(
            backup: try BackupID("b-1"), services: [try ServiceName("orders")], into: nil,
            acceptUnproven: false), try RestoreID("restore-uid-2"))
      ])
  }

  @Test func `of objects keeps to its namespace, unless it is the coordinator's`() throws {
    let known = RestoreController.Knowledge(backup: try BackupID("b-1"))
    let spec: JSONValue = [
      "namespaces": ["production": "copy"], "storageClasses": ["a": "b"], "existing": "patch",
      "start": false, "patience": "60s", "hooks": "none",
    ]
    var order = ObjectRestoreOrder(
      namespaces: ["production": "copy"], storageClasses: ["a": "b"], existing: .patch,
      start: false, patience: .seconds(60), hooks: ObjectRestoreOrder.Hooks.none)
    var request = RestoreRequest(
      backup: try BackupID("b-1"), services: [], into: nil, acceptUnproven: false, objects: order)
    let id = try RestoreID("restore-uid-2")
    #expect(
      controller.decide(object(in: "stillpoint", objects: spec), known) == [.start(request, id)])
    #expect(
      controller.decide(object(objects: spec), known) == [
        .report(
          .failed(
            "Forbidden",
            "spec.objects.namespaces: 'copy' is another namespace, which is restored to from the coordinator's, stillpoint, only"
          ))
      ])
    order = ObjectRestoreOrder(mayUseCluster: false)
    request.objects = order
    #expect(controller.decide(object(objects: [:]), known) == [.start(request, id)])
    #expect(
      controller.decide(object(objects: ["dryRun": true]), known) == [.preview(request)])
  }

  @Test func `that is a dry run says what is in the way first, and is done`() throws {
    var known = RestoreController.Knowledge(backup: try BackupID("b-1"))
    known.actions = [
      ObjectAction(stage: "s", verb: .create, resource: "secrets", namespace: "a", name: "b"),
      ObjectAction(
        stage: "s", verb: .refuse, resource: "configmaps", namespace: "a", name: "c",
        note: "is there"),
    ]
    var dry = object(objects: ["dryRun": true])
    let decided = controller.decide(dry, known)
    guard case .report(let report)? = decided.first else {
      Issue.record("no report: \(decided)")
      return
    }
    #expect(report.phase == "Completed" && report.reason == "WouldBeRefused")
    #expect(report.actions == ["refuse configmaps a/c: is there", "create secrets a/b"])
    dry["status"] = report.status(of: dry, at: Sample.now)
    #expect(controller.decide(dry, known).isEmpty)
  }

  @Test func `says what became of its hooks`() throws {
    var back = try record(.running)
    var outcome = HookOutcome(
      service: try ServiceName("orders"), number: 1, place: "production/db-0 container db",
      state: .failed, words: "exited with 3", endedAt: Sample.now)
    back.objects = ObjectRestoreState(
      order: ObjectRestoreOrder(), targets: ["production"], phase: "done", done: 2, total: 2,
      hooks: [outcome])
    outcome.number = 2
    outcome.state = .succeeded
    outcome.words = "exited with 0"
    back.objects?.hooks?.append(outcome)
    back.state = .completed
    let status = RestoreReport.of(back).status(of: object(), at: Sample.now)
    #expect(status["phase"] == "Completed")
    #expect(status["message"] == "2 of 2 objects; done; 1 hook failed")
    #expect(
      status["hooks"] == [
        "hook 1 of orders in production/db-0 container db: failed, exited with 3",
        "hook 2 of orders in production/db-0 container db: succeeded, exited with 0",
      ])
  }

  @Test func `that was started is followed and not started again`() throws {
    for state in [RestoreRecord.State.running, .completed, .failed(reason: "full")] {
      let known = RestoreController.Knowledge(
        backup: try BackupID("b-1"), record: try record(state))
      #expect(controller.decide(object(), known) == [.report(.of(try record(state)))])
    }
  }

  @Test func `names directories of the nodes in the coordinator's namespace only`() throws {
    let known = RestoreController.Knowledge(backup: try BackupID("b-1"))
    guard case .report(let report)? = controller.decide(object(into: "/etc"), known).first else {
      Issue.record("was started")
      return
    }
    #expect(report.reason == "Forbidden")
    guard case .start? = controller.decide(object(in: "stillpoint", into: "/r"), known).first else {
      Issue.record("was not started")
      return
    }
  }

  @Test func `waits for a Backup that was applied with it`() throws {
    var known = RestoreController.Knowledge()
    known.isAwaited = true
    #expect(
      controller.decide(object(), known)
        == [.report(.pending("starts when Backup 'first' has ended"))])
  }

  @Test func `says which backup is missing or why it was refused`() throws {
    #expect(
      controller.decide(object(), RestoreController.Knowledge())
        == [.report(.failed("NoBackup", "spec.backup: there is no Backup 'first' to restore here"))]
    )
    var known = RestoreController.Knowledge(backup: try BackupID("b-1"))
    known.refusal = OperationError(.conflict, "backup b-1 is unproven")
    #expect(
      controller.decide(object(), known)
        == [.report(.failed("Refused", "backup b-1 is unproven"))])
  }
}
