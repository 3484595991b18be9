import CutProtocol
import Foundation
import Identity
import Model
import OperatorFakes
import OperatorWire

@testable import CommandLineKit

extension FuzzTarget {
  private static let words = [
    "\"version\":1", "\"plan\":", "\"groups\":", "\"certificates\":", "\"statement\":",
    "\"signature\":", "\"chain\":", "\"fence\":", "\"leftOut\":", "\"steps\":", "\"snapshots\":",
    "\"group\":", "\"level\":", "-9223372036854775808", "9223372036854775807",
    "18446744073709551615", "1e400", "\"1677-09-21T00:12:43.145Z\"", "\"2262-04-11T23:47:16.854Z\"",
    "\"application-consistent\"", "\\u0000", "\\ud800", "[[[[[[",
  ]

  /// An exported backup, as `backup verify --file` reads it.
  static let evidence = FuzzTarget(
    name: "evidence", words: words,
    seeds: {
      let made = Sample.waiting { try? await Example.evidence(scratch) }
      guard let found = made, let evidence = found else { return [] }
      // Without the readable part and in short form: what is longer than an input may be is cut off, and then never read.
      return [Array(try JSONEncoder().encode(evidence))]
    },
    run: { bytes in
      let outcome = Sample.waiting { () -> String in
        do throws(CommandFailure) {
          let verification = try await OfflineVerification(
            document: Data(bytes), named: "shop.json", authority: nil)
          _ = Timeline(statements: verification.statements, width: 80, style: .ascii).text
          return verification.text
        } catch {
          return error.message
        }
      }
      try BrokenPromise.unlessShort(outcome ?? "", atMost: 64 << 10 + 100 * bytes.count)
      if let document = try? JSONDecoder().decode(EvidenceDocument.self, from: Data(bytes)) {
        _ = try? document.text()
      }
    })

  /// Statements whose signatures hold: what a node says that is not honest.
  static let verdict = FuzzTarget(
    name: "verdict", words: words,
    seeds: {
      let plan = try Example.sealedPlan()
      let statements = Example.statements(plan: plan, heldAt: Example.start)
      return [
        Array(plan.bytes) + [0] + (try Sample.json(statements)),
        Array(plan.bytes) + [0] + (try Sample.json(Array(statements.prefix(1)))),
      ]
    },
    run: { bytes in
      let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, let plan = try? SealedPlan(bytes: Data(parts[0])),
        let statements = try? CanonicalJSON.decode([HoldStatement].self, from: Data(parts[1]))
      else { return }
      let fence = statements.first?.fence ?? .none
      let groups = [0, 1].map { number in
        Grader.JudgedGroup(
          group: number, fence: fence, accounts: statements.map(Grader.Account.believed),
          leftOut: [])
      }
      let verdict = Grader.judge(plan: plan, groups: groups)
      try BrokenPromise.unlessSame(
        Grader.judge(plan: plan, groups: groups), verdict, "a verdict drawn twice")
      if verdict.grade == .applicationConsistent {
        try checkEarned(plan, statements)
      }
      try Sample.survivesJSON(verdict, "verdict")
      for statement in statements { try Sample.survivesJSON(statement, "statement") }
      _ = Timeline(statements: statements, width: 80, style: .unicode).text
      let preparations = Dictionary(
        plan.plan.members.map { member in
          let steps = statements.first { $0.member == member.name }?.steps
          return (
            member.name,
            Preparation(
              predictedQuiesce: steps?.held.duration ?? .zero,
              predictedSnapshot: steps?.thawEnded.duration ?? .zero, fidelity: .full, remarks: [])
          )
        }, uniquingKeysWith: { first, _ in first })
      _ = WindowPrediction(preparations: preparations, roundTrip: .milliseconds(20)).longest
    })

  /// What the highest grade needs whatever else is in the evidence: every member's statement, for this plan, with each
  /// snapshot cut inside its hold, and one witness that names them all.
  private static func checkEarned(_ plan: SealedPlan, _ statements: [HoldStatement]) throws {
    for member in plan.plan.members {
      guard let statement = statements.first(where: { $0.member == member.name }) else {
        throw BrokenPromise("\(member.name) has no statement and the grade is the highest")
      }
      let steps = statement.steps
      let isHeld =
        statement.planHash == plan.hash && statement.isIntact
        && steps.held <= steps.witnessReceived && steps.witnessReceived <= steps.thawBegan
        && statement.witness.hold(of: member.name) == statement.hold
      try BrokenPromise.unless(isHeld, "\(member.name) was not held at the witness")
      for volume in member.volumes {
        let isInside = statement.snapshots.contains {
          $0.volume == volume.volume && $0.requested >= steps.held
            && $0.acknowledged <= steps.thawBegan
        }
        try BrokenPromise.unless(isInside, "\(volume.containerPath) was not cut inside its hold")
      }
    }
  }
}
