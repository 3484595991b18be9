internal import CoordinatorCore
internal import CutProtocol
internal import Model
internal import OperatorWire

extension PlanBody {
  init(_ record: PlanRecord) {
    let plan = record.plan
    self.init(
      name: plan.name, revision: record.revision, environment: plan.environment,
      requires: plan.requires, policy: plan.policy,
      freeze: Freeze(
        budget: plan.freeze.budget.duration.planText, cap: plan.freeze.cap.duration.planText,
        drain: plan.freeze.drain),
      services: plan.services.map(\.name), appliedAt: record.appliedAt,
      appliedBy: record.appliedBy, source: record.source)
  }
}

extension PlanCheckBody {
  init(_ check: PlanCheck, of plan: PlanName) {
    self.init(
      plan: plan, requires: check.requires, attainable: check.attainable, hazards: check.hazards,
      members: check.members.map(Member.init))
  }
}

extension PlanCheckBody.Member {
  init(_ member: PlanCheck.Member) {
    let preparation = member.preparation
    self.init(
      name: member.plan.name, node: member.plan.node, container: member.plan.container,
      group: member.plan.group, holds: member.plan.holds.map(\.quiescer),
      volumes: member.plan.volumes.map(\.containerPath),
      predictedQuiesceMilliseconds: preparation?.predictedQuiesce.duration.inMilliseconds,
      predictedSnapshotMilliseconds: preparation?.predictedSnapshot.duration.inMilliseconds,
      predictedWindowMilliseconds: member.predictedWindow?.inMilliseconds,
      fidelity: preparation?.fidelity, remarks: preparation?.remarks ?? [],
      refusal: member.refusal)
  }
}

extension PlanProbeBody {
  init(_ probe: PlanProbe, of plan: PlanName) {
    self.init(
      plan: plan, probe: probe.probe,
      drivers: probe.drivers.map { driver in
        let findings = driver.findings
        return Driver(
          node: driver.node, driver: findings.driver, version: findings.version,
          outcome: findings.outcome, checks: findings.checks,
          cutMilliseconds: findings.cuts.map(\.duration.inMilliseconds),
          obstacle: findings.obstacle, leftBehind: findings.leftBehind)
      })
  }
}
