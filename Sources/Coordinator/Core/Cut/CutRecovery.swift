package import CutProtocol
package import Foundation
package import Logging
internal import Model

/// Closes the cuts that an earlier coordinator left without an outcome: asks their members for certificates, and judges
/// by what there is. Never retries them, and never freezes anything. Cuts that had not begun are handed on instead.
package struct CutRecovery: Sendable {
  private let store: any CutStore
  private let closer: AttemptCloser
  private let turns: CutTurns
  private let verifier: any CertificateVerifier
  private let authorities: [Data]
  private let clock: any CutClock
  private let logger: Logger

  /// How long members may take to answer; agents have to come back first.
  private static let patience = Duration.seconds(60)

  package init(
    store: any CutStore, closer: AttemptCloser, turns: CutTurns,
    verifier: any CertificateVerifier,
    authorities: [Data], clock: any CutClock, logger: Logger
  ) {
    self.store = store
    self.closer = closer
    self.turns = turns
    self.verifier = verifier
    self.authorities = authorities
    self.clock = clock
    self.logger = logger
  }

  /// `takeUp` gets those that had not begun, in their order, and gives their turns back itself. `commit` gets the outcomes of
  /// all others one by one as they come; until then no cut begins that has something in common with theirs.
  package func run(
    takeUp: @Sendable (SealedPlan, CutTurns.Turn) async -> Void,
    commit: @Sendable (CutOutcome) async -> Void
  ) async {
    let deadline = clock.now() + Self.patience
    guard let found = await unfinished() else { return }
    // What had begun comes first, although two that were asked for at once may have been stored in another order than
    // that of their turns. This coordinator's own are in the queue already.
    let places = await turns.adopt(found.begun + found.notBegun)
    for plan in found.notBegun {
      if let turn = places[plan.plan.backup] { await takeUp(plan, turn) }
    }
    var pending = found.begun.filter { places[$0.plan.backup] != nil }
    while !pending.isEmpty {
      let isLast = clock.now() >= deadline
      guard let work = await unfinished() else { return }
      var open: [SealedPlan] = []
      for plan in pending {
        // A stored certificate is not enough: its agent may have deleted the snapshots since, after an abort
        // whose answer was lost. Only what the agents say again now counts.
        var confirmed: [UnfinishedWork.OpenMember] = []
        var awaited: [UnfinishedWork.OpenMember] = []
        for member in latestAttempts(of: plan, in: work) {
          if await closer.isConfirmed(member.fence, member.member) {
            confirmed.append(member)
          } else {
            awaited.append(member)
          }
        }
        if awaited.isEmpty || isLast {
          await commit(await outcome(of: plan, members: confirmed))
          if let turn = places[plan.plan.backup] { await turns.leave(turn) }
        } else {
          for member in awaited {
            // One that is away is asked again in the next round.
            try? await closer.ask(member.fence, member.member, on: member.node)
          }
          open.append(plan)
        }
      }
      pending = open
      guard !pending.isEmpty,
        (try? await clock.sleep(until: clock.now() + .milliseconds(500))) != nil
      else { return }
    }
  }

  /// Asks until the catalog can be read: a cut that nobody closes would stay without an outcome. Nil when this
  /// coordinator stops.
  private func unfinished() async -> UnfinishedWork? {
    while true {
      do {
        return try await store.unfinished()
      } catch {
        logger.error("unfinished cuts not read yet", metadata: ["error": "\(error)"])
      }
      guard (try? await clock.sleep(until: clock.now() + .seconds(1))) != nil else { return nil }
    }
  }

  /// The members of each group's newest attempt.
  private func latestAttempts(of plan: SealedPlan, in work: UnfinishedWork)
    -> [UnfinishedWork.OpenMember]
  {
    let all = work.members.filter { $0.backup == plan.plan.backup }
    return Set(all.map(\.group)).sorted().flatMap { group in
      let members = all.filter { $0.group == group }
      let newest = members.map(\.fence).max()
      return members.filter { $0.fence == newest }
    }
  }

  private func outcome(of plan: SealedPlan, members: [UnfinishedWork.OpenMember]) async
    -> CutOutcome
  {
    let groups = Dictionary(grouping: members, by: \.group)
    let complete = groups.compactMap { group, members -> GroupEvidence? in
      let certificates = members.sorted { $0.member < $1.member }.compactMap(\.certificate)
      let wanted = plan.plan.members.filter { $0.group == group }.count
      guard certificates.count == wanted, let fence = members.first?.fence else { return nil }
      return GroupEvidence(group: group, fence: fence, certificates: certificates)
    }.sorted { $0.group < $1.group }
    var verdict = await verdict(of: plan, complete)
    var kept = complete
    if verdict.grade == .failed {
      let why = verdict.sentence
      // What is kept is what is judged: groups that are whole are given up with the others, and their snapshots deleted.
      kept = []
      verdict = await self.verdict(of: plan, kept)
      verdict.sentence =
        "the coordinator was restarted, or lost its lease, during this cut, and " + why
    }
    return CutOutcome(
      backup: plan.plan.backup, verdict: verdict,
      groups: kept, endedAt: clock.timestamp())
  }

  private func verdict(of plan: SealedPlan, _ groups: [GroupEvidence]) async -> Verdict {
    await Grader.verdict(
      of: BackupEvidence(
        plan: plan.bytes, groups: groups, authorities: authorities, recorded: nil),
      verifier: verifier)
  }
}
