import CutModel
import CutProtocol
import Model
import Testing

/// A check is only worth something if it notices when a rule is missing.
@Suite struct MutantTests {
  /// In which search the loss of each rule must be noticed, and as a breach of what.
  static let searches: [(Rule, Bounds, String)] = [
    (.onceForAFence, Bounds(attempts: 1), "S4"),
    (.neverRevived, Bounds(attempts: 1), "S7"),
    (.lowerFenceRefused, Bounds(), "S6"),
    (.higherFenceEndsOlder, Bounds(), "S6"),
    (.olderHoldIsAwaited, Bounds(), "S18"),
    (.onlyFreezeFreezes, Bounds(attempts: 1), "S17"),
    (.heldBeforeReported, Bounds(attempts: 1), "S1"),
    (.witnessAwaited, Bounds(attempts: 1), "S1"),
    (.snapshotsAwaited, Bounds(attempts: 1), "L3"),
    (.sharedCutAfterAll, Bounds(attempts: 1, shared: true), "S2"),
    (.sharedCutAwaited, Bounds(attempts: 1, shared: true), "S2"),
    (.certificateIsDurable, Bounds(attempts: 1, agentCrashes: 1), "S14"),
    (
      .withdrawnBeforeDeleted,
      Bounds(attempts: 1, agentCrashes: 1, secondCoordinator: true), "S14"
    ),
    (
      .oneCoordinatorAtATime, Bounds(attempts: 1, secondCoordinator: true), "S14"
    ),
    (.reportsOfThisFence, Bounds(), "S1"),
    (.everyHoldReported, Bounds(attempts: 1), "S1"),
    (.attemptIsDurable, Bounds(attempts: 1), "S13"),
    (.everyCertificate, Bounds(attempts: 1), "L3"),
    (.noneLeftOutAfterWitness, Bounds(attempts: 1, bestEffort: true), "S19"),
    (.epochCondition, Bounds(attempts: 1, secondCoordinator: true), "S8"),
    (.confirmedInThisEpoch, Bounds(attempts: 1, secondCoordinator: true), "S14"),
    (.confirmedByAgents, Bounds(attempts: 1, secondCoordinator: true), "S14"),
    (.holdEndedByItsThaw, Bounds(attempts: 1, thirdParties: 1), "S12"),
    (.tokenUnchanged, Bounds(attempts: 1, thirdParties: 1), "S12"),
  ]

  /// With one machine and a clock.
  static let clocks: [(Rule, String)] = [
    (.capAboveRenewals, "L2"), (.leaseBeforeEvent, "L1"), (.leaseEnds, "L1"),
    (.ownHoldRenewed, "L1"), (.ownHoldWitnessed, "S1"), (.oneWitness, "S9"),
  ]

  /// By the scenario that cannot be played without the rule; `ScenarioTests` has them.
  static let scenarios: [Rule] = [.callersFirst, .epochRaised, .nameOfTheHold]

  @Test(arguments: searches)
  func `a rule missing in an agent, a coordinator or the store is noticed`(
    rule: Rule, bounds: Bounds, property: String
  ) throws {
    let found = try Search(bounds, without: rule).run()
    let breach = try #require(found.breach, "nobody noticed that '\(rule.rawValue)' is missing")
    print("without \(rule): \(breach), \(found.trace.count) events, \(found.states) states")
    #expect(breach.hasPrefix(property))
    // The shortest history is one that really leads there: every line of it was replayed.
    #expect(found.trace.count > 0)
  }

  @Test(arguments: clocks)
  func `a rule missing in a member's clock or orders is noticed`(rule: Rule, property: String)
    throws
  {
    let found = MemberClock(without: rule).search()
    let breach = try #require(found.breach, "nobody noticed that '\(rule.rawValue)' is missing")
    print("without \(rule): \(breach), \(found.trace.count) events: \(found.words)")
    #expect(breach.hasPrefix(property))
  }

  @Test(arguments: SpoiltEvidence.all.map(\.rule))
  func `evidence that breaks one condition proves nothing, and would without the rule`(rule: Rule)
    throws
  {
    let condition = try #require(SpoiltEvidence.all.first { $0.rule == rule })
    let fleet = try SpoiltEvidence.fleet(shared: SpoiltEvidence.isShared(rule))
    var statements = SpoiltEvidence.statements(in: fleet)
    #expect(grade(statements, fleet) == .applicationConsistent)
    condition.spoil(&statements[1])
    #expect(grade(statements, fleet) < .groupConsistent)
    #expect(grade(statements, fleet, without: rule) == .applicationConsistent)
  }

  private func grade(
    _ statements: [HoldStatement], _ fleet: ModelFleet, without rule: Rule? = nil
  ) -> Grade {
    Judgement.verdict(
      on: statements, fence: SpoiltEvidence.fence, leftOut: [], in: fleet, without: rule
    ).grade
  }

  @Test func `a cut that did not drain is not called drained, and would be without the rule`()
    throws
  {
    let fleet = try SpoiltEvidence.fleet()
    var statements = SpoiltEvidence.statements(in: fleet)
    func isDrained(without rule: Rule? = nil) -> Bool {
      Judgement.verdict(
        on: statements, fence: SpoiltEvidence.fence, leftOut: [], in: fleet, without: rule
      ).drained
    }
    #expect(isDrained())
    statements[1].heldAfter = WitnessVector([:])
    #expect(!isDrained())
    #expect(isDrained(without: .drainIsProved))
  }

  @Test func `every rule has a mutant`() {
    let covered =
      Self.searches.map(\.0) + Self.clocks.map(\.0) + Self.scenarios
      + SpoiltEvidence.all.map(\.rule) + [.drainIsProved]
    #expect(Set(Rule.allCases).subtracting(covered) == [])
  }
}
