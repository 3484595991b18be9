import Model
import Testing

@testable import CutProtocol

/// Whole backups: what is proved when nothing, or something beside one hold, is wrong.
@Suite struct GraderTests {
  @Test func `two intact holds under one witness are application-consistent`() throws {
    #expect(
      try GraderCase().verdict
        == Verdict(
          grade: .applicationConsistent, drained: false,
          sentence: "orders, payments were all held at the instant of one witness, "
            + "and every snapshot was cut inside its member's hold"))
  }

  @Test func `a single member is held when it is witnessed`() throws {
    let sealed = try Fixture.plan([Fixture.member(Fixture.orders)])
    let statement = Fixture.statement(
      of: sealed.plan.members[0], in: sealed, witness: Fixture.witness([Fixture.orders]))
    let group = Grader.JudgedGroup(
      group: 0, fence: Fixture.fence, accounts: [.believed(statement)], leftOut: [])
    #expect(
      Grader.judge(plan: sealed, groups: [group])
        == Verdict(
          grade: .applicationConsistent, drained: false,
          sentence: "orders was held when its coordinator witnessed it, "
            + "and every snapshot was cut inside that hold"))
  }

  @Test func `the same certificate twice changes nothing`() throws {
    var spoilt = try GraderCase()
    let verdict = spoilt.verdict
    spoilt.statements.append(spoilt.statements[0])
    #expect(spoilt.verdict == verdict)
  }

  @Test func `the order of certificates changes nothing`() throws {
    var turned = try GraderCase()
    let verdict = turned.verdict
    turned.statements.reverse()
    #expect(turned.verdict == verdict)
  }

  @Test func `callers that were held before their stores earn the mark drained`() throws {
    var drained = try GraderCase(freeze: .init(drain: true))
    drained.statements[1].heldAfter = Fixture.witness([Fixture.orders])
    #expect(drained.verdict.drained)
    drained.statements[1].heldAfter = WitnessVector([Fixture.orders: Fixture.hold(9)])
    #expect(!drained.verdict.drained)
  }

  @Test func `a plan that does not ask to drain never earns the mark`() throws {
    var plain = try GraderCase()
    plain.statements[1].heldAfter = Fixture.witness([Fixture.orders])
    #expect(!plain.verdict.drained)
  }

  @Test func `a member that was left out is named, and the rest is group-consistent`() throws {
    var partial = try GraderCase(policy: .bestEffort)
    partial.statements = [
      Fixture.statement(
        of: partial.sealed.plan.members[0], in: partial.sealed,
        witness: Fixture.witness([Fixture.orders]))
    ]
    partial.leftOut = [LeftOut(member: Fixture.payments, reason: "the volume is in use")]
    #expect(
      partial.verdict
        == Verdict(
          grade: .groupConsistent, drained: false,
          sentence: "1 members were held at one instant, without payments: the volume is in use",
          findings: [
            MemberFinding(
              member: Fixture.payments, grade: .failed, finding: "left out: the volume is in use")
          ]))
  }

  @Test func `a member cannot be declared left out after the witness`() throws {
    var partial = try GraderCase(policy: .bestEffort)
    partial.statements.removeLast()
    partial.leftOut = [LeftOut(member: Fixture.payments, reason: "gave no certificate")]
    #expect(
      partial.verdict
        == Verdict(
          grade: .serviceConsistent, drained: false,
          sentence: "orders: its witness does not name all members of the cut",
          findings: [
            MemberFinding(
              member: Fixture.payments, grade: .failed, finding: "left out: gave no certificate"),
            MemberFinding(
              member: Fixture.orders, grade: .serviceConsistent,
              finding: "its witness does not name all members of the cut"),
          ]))
  }

  @Test func `groups that were each held as a whole are group-consistent`() throws {
    let sealed = try Fixture.plan(
      [Fixture.member(Fixture.orders, group: 0), Fixture.member(Fixture.payments, group: 1)],
      policy: .groups)
    let groups = sealed.plan.members.map { member in
      Grader.JudgedGroup(
        group: member.group, fence: Fixture.fence,
        accounts: [
          .believed(
            Fixture.statement(of: member, in: sealed, witness: Fixture.witness([member.name])))
        ], leftOut: [])
    }
    #expect(
      Grader.judge(plan: sealed, groups: groups)
        == Verdict(
          grade: .groupConsistent, drained: false,
          sentence: "2 groups were each held as a whole at one instant, "
            + "each at an instant of its own"))
    #expect(
      Grader.judge(plan: sealed, groups: [groups[0]])
        == Verdict(
          grade: .failed, drained: false, sentence: "no attempt to cut payments was completed",
          findings: [
            MemberFinding(member: Fixture.payments, grade: .failed, finding: "no snapshot exists")
          ]))
  }

  @Test func `two attempts of one group prove nothing`() throws {
    let good = try GraderCase()
    let group = Grader.JudgedGroup(
      group: 0, fence: Fixture.fence, accounts: good.statements.map(Grader.Account.believed),
      leftOut: [])
    #expect(
      Grader.judge(plan: good.sealed, groups: [group, group])
        == Verdict(
          grade: .unproven, drained: false,
          sentence: "two attempts claim to be the cut of orders, payments"))
  }

  @Test func `a plan without members fails`() throws {
    #expect(
      Grader.judge(plan: try Fixture.plan([]), groups: [])
        == Verdict(grade: .failed, drained: false, sentence: "the plan has no members"))
  }
}
