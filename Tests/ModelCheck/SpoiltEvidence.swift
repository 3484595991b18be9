import CutModel
import CutProtocol
import Model

/// A statement that breaks exactly one condition of the proof, for each condition.
enum SpoiltEvidence {
  typealias Condition = (rule: Rule, spoil: @Sendable (inout HoldStatement) -> Void)

  private static let conditions: [Condition] = [
    (
      .sameVector,
      { statement in
        statement.witness = WitnessVector(
          Dictionary(
            uniqueKeysWithValues: statement.witness.entries.map { entry in
              let isOwn = entry.member == statement.member
              let next = HoldID(boot: entry.hold.boot, incarnation: 1, counter: 9)
              return (entry.member, isOwn ? entry.hold : next)
            }))
      }
    ),
    (.sameFence, { $0.fence.attempt += 1 }),
    (.samePlan, { $0.planHash = "another" }),
    (.holdEndedByItsThaw, { $0.thaw.endedThisHold = false }),
    (.tokenUnchanged, { $0.tokensBeforeThaw[0].values["writes"] = "18" }),
    (
      .tokenForEachHold,
      {
        $0.tokensAtHold = []
        $0.tokensBeforeThaw = []
      }
    ),
    (.processUnchanged, { $0.processBeforeThaw?.startTicks += 1 }),
    (.lateSnapshotIsAnOrphan, { $0.snapshots[0].acknowledged = Elapsed(.milliseconds(42)) }),
    (.requestedInTheHold, { $0.snapshots[0].requested = Elapsed(.milliseconds(19)) }),
    (.snapshotOfThisHold, { $0.snapshots[0].name = "sp-1.1.1-another" }),
    (.witnessBeforeThaw, { $0.steps.witnessReceived = Elapsed(.milliseconds(42)) }),
    (.heldBeforeFrozenSent, { $0.steps.held = Elapsed(.microseconds(21_500)) }),
    (.fidelityStated, { $0.fidelity.acknowledgedIsDurable = false }),
  ]

  /// Of members that share each other's volumes: the first snapshot is the member's own, the second the other's.
  private static let shared: [Condition] = [
    (.sharedRequestedLate, { $0.snapshots[0].requested = Elapsed(.milliseconds(34)) }),
    (.sharedIsSigned, { $0.snapshots[1].handle = SnapshotHandle(accepted: "another") }),
  ]

  static let all = conditions + shared

  static func isShared(_ rule: Rule) -> Bool { shared.contains { $0.rule == rule } }

  static let fence = Fence(epoch: 1, cut: 1, attempt: 1)

  /// A cut of two that nothing is wrong with; the second was frozen after the first.
  static func fleet(shared: Bool = false) throws -> ModelFleet {
    try ModelFleet(
      ["orders", "payments"], levels: [1, 0], freeze: FreezeLimits(drain: true), shared: shared)
  }

  static func statements(in fleet: ModelFleet) -> [HoldStatement] {
    let holds = Dictionary(
      uniqueKeysWithValues: fleet.members.map { ($0.name, ModelFleet.hold(on: $0.node, fence)) })
    return fleet.members.compactMap { member in
      let callers = fleet.members.filter { $0.level > member.level }.map(\.name)
      return Account(
        member: member.name, fence: fence,
        heldAfter: WitnessVector(holds.filter { callers.contains($0.key) }),
        witness: WitnessVector(holds), hasSnapshots: true, hasNotice: true, answeredLate: false,
        endedThisHold: true, tokenChanged: false
      ).statement(in: fleet)
    }
  }
}
