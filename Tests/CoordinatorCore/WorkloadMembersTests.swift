import CoordinatorCore
import CutProtocol
import Foundation
import Model
import Testing

private func workload(_ resource: String, _ kind: String, _ name: String, in namespace: String)
  -> BackupManifest
{
  BackupManifest(
    apiVersion: "apps/v1", kind: kind, resource: resource, namespace: namespace, name: name,
    uid: "u", resourceVersion: "1", standing: .atWitness, content: Data())
}

private func member(_ name: String, pod: String, owner: String? = nil, in namespace: String)
  throws -> MemberPlan
{
  MemberPlan(
    name: try ServiceName(name), node: try NodeID("n"), container: try ContainerID("c"),
    containerName: "c", pod: pod, namespace: namespace, owner: owner, image: "", imageDigest: "",
    holds: [], volumes: [], dependsOn: [], group: 0, level: 0)
}

struct `The members that a workload made` {
  private typealias Ground = WorkloadMembers.Ground

  private func found(_ members: [MemberPlan], by workload: BackupManifest)
    -> [String: WorkloadMembers.Ground]
  {
    Dictionary(
      uniqueKeysWithValues: WorkloadMembers(members).all(of: workload).map {
        ($0.member.name.text, $0.ground)
      })
  }

  @Test func `are those whose owner it was, whatever their pods are called`() throws {
    // Names that would mislead: the pod of a StatefulSet web-7d4b9c looks like one of a Deployment web.
    let members = [
      try member("ledger", pod: "web-7d4b9c-0", owner: "StatefulSet/web-7d4b9c", in: "shop"),
      try member("front", pod: "anything", owner: "Deployment/web", in: "shop"),
      try member("side", pod: "anything", owner: "Deployment/web", in: "shop"),
      try member("other", pod: "web-1-2", owner: "Deployment/web", in: "stage"),
    ]
    #expect(
      found(members, by: workload("deployments.apps", "Deployment", "web", in: "shop"))
        == ["front": .owner, "side": .owner])
    #expect(
      found(members, by: workload("statefulsets.apps", "StatefulSet", "web-7d4b9c", in: "shop"))
        == ["ledger": .owner])
    #expect(
      found(members, by: workload("statefulsets.apps", "StatefulSet", "web", in: "shop")) == [:])
  }

  @Test func `are found by their pods' names where no owner was recorded`() throws {
    let members = [
      try member("db", pod: "db-0", in: "shop"),
      try member("web", pod: "web-7d4b9c-x2x5z", in: "shop"),
      try member("log", pod: "log-x2x5z", in: "shop"),
      try member("alone", pod: "alone", in: "shop"),
      try member("report", pod: "report-28333-x2x5z", in: "shop"),
      try member("db-of-stage", pod: "db-0", in: "stage"),
    ]
    let cases = [
      ("statefulsets.apps", "StatefulSet", "db"), ("deployments.apps", "Deployment", "web"),
      ("daemonsets.apps", "DaemonSet", "log"), ("pods", "Pod", "alone"),
      ("cronjobs.batch", "CronJob", "report"),
    ]
    for (resource, kind, name) in cases {
      #expect(
        found(members, by: workload(resource, kind, name, in: "shop")) == [name: .podName])
    }
  }

  @Test func `are told with the first of them in the order of the restore`() throws {
    let members = [
      try member("second", pod: "x", owner: "Deployment/web", in: "shop"),
      try member("first", pod: "x", owner: "Deployment/web", in: "shop"),
    ]
    let match = WorkloadMembers(members).first(
      of: workload("deployments.apps", "Deployment", "web", in: "shop"))
    #expect(match?.member.name.text == "second")
  }

  @Test func `have the owner in the sealed plan, and none in one that was sealed before`() throws {
    let member = try member("web", pod: "web-0", owner: "StatefulSet/web", in: "shop")
    let plan = CutPlan(
      backup: try BackupID("b"), fleet: try FleetID("f"), plan: try PlanName("p"),
      environment: .test, requires: .crashConsistent, policy: .strict, freeze: FreezeLimits(),
      createdAt: Timestamp(nanoseconds: 0), members: [member])
    let sealed = try SealedPlan(plan)
    #expect(try SealedPlan(bytes: sealed.bytes).plan.members.map(\.owner) == ["StatefulSet/web"])
    var old = plan
    old.members[0].owner = nil
    let bytes = try SealedPlan(old).bytes
    #expect(!String(decoding: bytes, as: UTF8.self).contains("owner"))
    #expect(try SealedPlan(bytes: bytes).plan == old)
  }
}
