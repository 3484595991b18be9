import CoordinatorCore
import CutProtocol
import Foundation
import KubernetesClient
import Model

@testable import CoordinatorKubernetes

/// Objects and records as the tests want them.
enum Sample {
  static let now = Timestamp(nanoseconds: 1_790_000_000_000_000_000)

  static func plan(
    _ name: String = "shop", in namespace: String = "production",
    selector: JSONValue = ["app": "orders"], environment: String = "production"
  ) -> KubernetesObject {
    KubernetesObject(
      .backupPlans, name: name, namespace: namespace,
      fields: [
        "spec": [
          "environment": .string(environment), "requires": "application-consistent",
          "services": [["name": "orders", "selector": selector, "hold": [["filesystem": [:]]]]],
        ]
      ])
  }

  static func backup(
    _ name: String = "first", in namespace: String = "production", uid: String = "uid-1",
    finalizers: [String] = [Mark.finalizer], mirror: Bool = false, retain: Bool = false,
    deleted: Bool = false, status: JSONValue? = nil, age: Duration = .zero
  ) -> KubernetesObject {
    var object = KubernetesObject(
      .backups, name: name, namespace: namespace, labels: mirror ? [Mark.origin: Mark.fleet] : [:],
      fields: ["spec": ["plan": "shop", "deletionPolicy": retain ? "Retain" : "Delete"]])
    object["metadata", "uid"] = .string(uid)
    object["metadata", "resourceVersion"] = "1"
    object["metadata", "generation"] = 1
    object["metadata", "finalizers"] = .array(finalizers.map { .string($0) })
    object["metadata", "creationTimestamp"] = .string((now - age).wholeSeconds)
    if deleted { object["metadata", "deletionTimestamp"] = .string(now.wholeSeconds) }
    if let status { object["status"] = status }
    return object
  }

  static func record(
    _ id: String = "b-1", plan: String = "shop.production", createdBy: String = "ann",
    grade: Grade? = nil, requires: Grade = .applicationConsistent, deleting: Bool = false,
    namespace: String = "production"
  ) throws -> BackupRecord {
    let member = MemberPlan(
      name: try ServiceName("orders"), node: try NodeID("node-1"), container: try ContainerID("c1"),
      containerName: "orders", pod: "orders-0", namespace: namespace, image: "orders:1",
      imageDigest: "", holds: [.filesystem], volumes: [], dependsOn: [], group: 0, level: 0)
    let cut = CutPlan(
      backup: try BackupID(id), fleet: try FleetID("fleet"), plan: try PlanName(plan),
      environment: .production, requires: requires, policy: .strict, freeze: FreezeLimits(),
      createdAt: now, members: [member])
    return BackupRecord(
      plan: try SealedPlan(cut), createdBy: createdBy,
      verdict: grade.map { Verdict(grade: $0, drained: false, sentence: "because") }, groups: [],
      endedAt: grade == nil ? nil : now, deletionBegan: deleting ? now : nil, attempts: 1)
  }
}

extension Timestamp {
  static func - (time: Timestamp, duration: Duration) -> Timestamp {
    Timestamp(nanoseconds: time.nanoseconds - duration.wholeNanoseconds)
  }
}
