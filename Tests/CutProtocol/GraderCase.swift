import Model

@testable import CutProtocol

/// Evidence of two members that nothing is wrong with, to be spoilt in one place.
struct GraderCase {
  var sealed: SealedPlan
  var statements: [HoldStatement]
  var leftOut: [LeftOut] = []
  var fence = Fixture.fence

  init(
    paths: [String] = ["/data"], policy: CutPolicy = .strict, freeze: FreezeLimits = .init()
  ) throws {
    sealed = try Fixture.plan(
      [
        Fixture.member(Fixture.orders, paths: paths, level: 1), Fixture.member(Fixture.payments),
      ], policy: policy, freeze: freeze)
    statements = sealed.plan.members.map { [sealed] in
      Fixture.statement(of: $0, in: sealed, witness: Fixture.witness())
    }
  }

  /// Changes what `orders` certifies.
  mutating func spoil(_ change: (inout HoldStatement) -> Void) { change(&statements[0]) }

  var verdict: Verdict {
    Grader.judge(
      plan: sealed,
      groups: [
        Grader.JudgedGroup(
          group: 0, fence: fence, accounts: statements.map(Grader.Account.believed),
          leftOut: leftOut)
      ])
  }

  /// What `orders` alone brings the whole backup down to.
  static func lowered(_ grade: Grade, _ finding: String) -> Verdict {
    Verdict(
      grade: grade, drained: false, sentence: "orders: \(finding)",
      findings: [MemberFinding(member: Fixture.orders, grade: grade, finding: finding)])
  }
}
