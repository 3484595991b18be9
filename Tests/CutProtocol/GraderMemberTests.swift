import Foundation
import Model
import Testing

@testable import CutProtocol

/// Each way in which one member's certificate can fall short, and exactly what it is then worth.
@Suite struct GraderMemberTests {
  struct Spoilt: Sendable, CustomTestStringConvertible {
    var grade: Grade
    var finding: String
    var change: @Sendable (inout HoldStatement) -> Void
    var testDescription: String { finding }
  }

  static let cases: [Spoilt] = identity + order + snapshots + hold + witness

  static let identity = [
    Spoilt(grade: .unproven, finding: "its certificate has version 9, not known here") {
      $0.version = 9
    },
    Spoilt(grade: .unproven, finding: "its certificate belongs to another backup's plan") {
      $0.planHash = "00"
    },
    Spoilt(grade: .unproven, finding: "its certificate belongs to another backup's plan") {
      $0.backup = BackupID(accepted: "shop-2")
    },
    Spoilt(grade: .unproven, finding: "its certificate belongs to another backup's plan") {
      $0.fleet = FleetID(accepted: "other")
    },
    Spoilt(grade: .unproven, finding: "its certificate comes from node-x, not node-orders") {
      $0.node = NodeID(accepted: "node-x")
    },
  ]

  static let order = [
    Spoilt(grade: .unproven, finding: "it was reported as frozen before its hold was complete") {
      $0.steps.frozenSent = Elapsed(.milliseconds(19))
    },
    Spoilt(grade: .unproven, finding: "it was reported as frozen before its hold was complete") {
      $0.steps.quiesceBegan = Elapsed(.milliseconds(25))
    },
    Spoilt(grade: .unproven, finding: "its thaw began before the witness had arrived") {
      $0.steps.witnessReceived = Elapsed(.milliseconds(42))
    },
    Spoilt(grade: .unproven, finding: "its thaw began before the witness had arrived") {
      $0.steps.witnessReceived = Elapsed(.milliseconds(20))
    },
    Spoilt(grade: .unproven, finding: "its thaw ended before it began") {
      $0.steps.thawEnded = Elapsed(.milliseconds(40))
    },
  ]

  static let snapshots = [
    Spoilt(grade: .failed, finding: "the snapshot of /data is missing") { $0.snapshots = [] },
    Spoilt(grade: .failed, finding: "the snapshot of /data is missing") {
      $0.snapshots[0].volume.handle = VolumeHandle(accepted: "another-volume")
    },
    Spoilt(grade: .unproven, finding: "the snapshot of /data is not named after this hold") {
      $0.snapshots[0].name = "nightly"
    },
    Spoilt(grade: .unproven, finding: "the snapshot of /data is not named after this hold") {
      let earlier = SnapshotName(
        fence: $0.fence, member: $0.member, hold: Fixture.hold(9), backup: $0.backup)
      $0.snapshots[0].name = earlier.text(volume: $0.snapshots[0].volume.handle)
    },
    Spoilt(grade: .unproven, finding: "the snapshot of /data is not named after this hold") {
      $0.snapshots.append($0.snapshots[0])
    },
    Spoilt(
      grade: .unproven,
      finding: "the snapshot of /data was requested before the hold was complete"
    ) { $0.snapshots[0].requested = Elapsed(.milliseconds(19)) },
    Spoilt(grade: .unproven, finding: "the snapshot of /data was answered after the thaw began") {
      $0.snapshots[0].acknowledged = Elapsed(.milliseconds(42))
    },
    Spoilt(grade: .unproven, finding: "the snapshot of /data was answered after the thaw began") {
      $0.snapshots[0].acknowledged = Elapsed(.milliseconds(29))
    },
  ]

  static let hold = [
    Spoilt(
      grade: .unproven,
      finding: "its hold was not in force until its thaw: somebody else had thawed /data"
    ) {
      $0.thaw = ThawEvidence(
        endedThisHold: false, cause: .complete, findings: ["somebody else had thawed /data"])
    },
    Spoilt(grade: .unproven, finding: "its hold was not in force until its thaw: lease-expired") {
      $0.thaw.cause = .leaseExpired
    },
    Spoilt(
      grade: .unproven, finding: "its durable state changed during the hold (filesystem)"
    ) { $0.tokensBeforeThaw[0].values = ["writes": "18"] },
    Spoilt(
      grade: .unproven, finding: "its durable state changed during the hold (token missing)"
    ) { $0.tokensBeforeThaw = [] },
    Spoilt(grade: .unproven, finding: "its container was replaced during the hold") {
      $0.processBeforeThaw = nil
    },
    Spoilt(grade: .unproven, finding: "its container was replaced during the hold") {
      $0.processBeforeThaw?.startTicks = 6
    },
    Spoilt(grade: .unproven, finding: "its container was replaced during the hold") {
      $0.processAtHold.container = ContainerID(accepted: "orders-2")
      $0.processBeforeThaw = $0.processAtHold
    },
    Spoilt(grade: .crashConsistent, finding: "synchronous_commit is off") {
      $0.fidelity = Fidelity(
        durableStateConstant: true, acknowledgedIsDurable: false, nothingAcknowledged: true,
        reasons: ["synchronous_commit is off"])
    },
    Spoilt(grade: .crashConsistent, finding: "its holds do not give F1 to F3") {
      $0.fidelity = .none
    },
    Spoilt(grade: .unproven, finding: "F1: /data is copied") {
      $0.fidelity = Fidelity.full.overCopies(["/data is copied"])
    },
    Spoilt(grade: .unproven, finding: "F1: /data is copied") {
      $0.fidelity = Fidelity.none.overCopies(["/data is copied"])
    },
  ]

  static let witness = [
    Spoilt(grade: .serviceConsistent, finding: "its witness names another hold") {
      $0.witness = WitnessVector([
        Fixture.orders: Fixture.hold(2),
        Fixture.payments: Fixture.hold(1, of: Fixture.payments),
      ])
    },
    Spoilt(grade: .serviceConsistent, finding: "its witness names another hold") {
      $0.witness = WitnessVector([:])
    },
  ]

  @Test(arguments: cases)
  func `one spoilt certificate lowers the backup to its own worth, and says why`(spoilt: Spoilt)
    throws
  {
    var backup = try GraderCase()
    backup.spoil(spoilt.change)
    // The other member then has the only other vector; its own finding, if any, is of the same kind.
    let verdict = backup.verdict
    #expect(verdict.grade == spoilt.grade)
    #expect(verdict.sentence == "orders: \(spoilt.finding)")
    #expect(verdict.findings.first == GraderCase.lowered(spoilt.grade, spoilt.finding).findings[0])
    #expect(!verdict.drained)
  }

  @Test func `a certificate of another attempt proves nothing for this one`() throws {
    var backup = try GraderCase()
    backup.fence.attempt = 2
    #expect(backup.verdict.sentence == "orders: its certificate is of attempt 4.7.1, not 4.7.2")
    #expect(backup.verdict.grade == .unproven)
  }

  @Test func `two vectors that differ prove no common instant`() throws {
    var backup = try GraderCase()
    backup.statements[1].witness = WitnessVector([
      Fixture.orders: Fixture.hold(2), Fixture.payments: Fixture.hold(1, of: Fixture.payments),
    ])
    let finding = "its witness differs from that of another member"
    #expect(
      backup.verdict
        == Verdict(
          grade: .serviceConsistent, drained: false, sentence: "payments: \(finding)",
          findings: [
            MemberFinding(member: Fixture.payments, grade: .serviceConsistent, finding: finding)
          ]))
  }

  @Test func `a missing certificate fails the backup`() throws {
    var backup = try GraderCase()
    backup.statements.removeFirst()
    #expect(
      backup.verdict == GraderCase.lowered(.failed, "there is no certificate of its hold"))
  }

  @Test func `two certificates of one hold that contradict each other prove nothing`() throws {
    var backup = try GraderCase()
    var other = backup.statements[0]
    other.tokensAtHold[0].values = ["writes": "99"]
    other.tokensBeforeThaw = other.tokensAtHold
    backup.statements.append(other)
    #expect(
      backup.verdict == GraderCase.lowered(.unproven, "two certificates contradict each other"))
  }

  @Test func `a hold without a state token proves nothing`() throws {
    var backup = try GraderCase()
    backup.spoil {
      $0.tokensAtHold = []
      $0.tokensBeforeThaw = []
    }
    #expect(
      backup.verdict == GraderCase.lowered(.unproven, "a state token of its holds is missing"))
  }

  @Test func `several volumes without F1 are only as good as a snapshot of all at once`() throws {
    var backup = try GraderCase(paths: ["/data", "/log"])
    backup.spoil { $0.fidelity = .none }
    #expect(backup.verdict == GraderCase.lowered(.unproven, "its holds do not give F1 to F3"))
    backup.spoil {
      for index in $0.snapshots.indices {
        $0.snapshots[index].group = SnapshotHandle(accepted: "group-1")
      }
    }
    #expect(
      backup.verdict == GraderCase.lowered(.crashConsistent, "its holds do not give F1 to F3"))
  }

  @Test func `a group snapshot may carry the group's name`() throws {
    var backup = try GraderCase()
    backup.spoil {
      $0.snapshots[0].name =
        SnapshotName(
          fence: $0.fence, member: $0.member, hold: $0.hold, backup: $0.backup
        ).text(volume: nil)
    }
    #expect(backup.verdict.grade == .applicationConsistent)
  }

  @Test func `a statement that says nothing of copies is one of storage that cuts`() throws {
    let text = """
      {"durableStateConstant": true, "acknowledgedIsDurable": true, "nothingAcknowledged": true, \
      "reasons": []}
      """
    #expect(try JSONDecoder().decode(Fidelity.self, from: Data(text.utf8)) == .full)
    #expect(Fidelity.full.overCopies([]) == .full)
  }

  @Test func `a member without volumes needs no fidelity`() throws {
    var backup = try GraderCase(paths: [])
    backup.spoil { $0.fidelity = .none }
    #expect(backup.verdict.grade == .applicationConsistent)
  }

  @Test func `the lowest finding decides, and each member keeps its own`() throws {
    var backup = try GraderCase()
    backup.spoil { $0.fidelity = .none }
    backup.statements[1].snapshots = []
    #expect(
      backup.verdict
        == Verdict(
          grade: .failed, drained: false, sentence: "payments: the snapshot of /data is missing",
          findings: [
            MemberFinding(
              member: Fixture.orders, grade: .crashConsistent,
              finding: "its holds do not give F1 to F3"),
            MemberFinding(
              member: Fixture.payments, grade: .failed,
              finding: "the snapshot of /data is missing"),
          ]))
  }
}
