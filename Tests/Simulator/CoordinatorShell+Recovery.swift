import CutProtocol
import Model

extension CoordinatorShell {
  /// Rule 9: what an earlier coordinator left without an outcome is settled by the evidence that agents still have.
  func recover() {
    for sealed in world.store.plans where world.store.outcome(of: sealed.plan.backup) == nil {
      for group in Set(sealed.plan.members.map(\.group)).sorted() {
        let backup = sealed.plan.backup
        let fence = world.store.latest(of: backup, group: group)
        let run = GroupRun(
          backup: backup, sealed: sealed, group: group,
          part: .recovery(
            fence: fence ?? .none, answers: [:], until: now + .seconds(35)))
        runs.append(run)
        if fence == nil {
          run.result = .failed(sentence: "the coordinator was restarted before the cut began")
        } else {
          if world.mutant == .recoveryTrustsStored { trustStored(run) }
          ask(run)
        }
      }
      conclude(sealed.plan.backup, byRecovery: true)
    }
  }

  private func trustStored(_ run: GroupRun) {
    guard case .recovery(let fence, var answers, let until) = run.part else { return }
    for entry in world.store.kept where entry.fence == fence {
      answers[entry.member] = entry.certificate
    }
    run.part = .recovery(fence: fence, answers: answers, until: until)
    finishRecovery(run)
  }

  private func ask(_ run: GroupRun) {
    guard case .recovery(let fence, let answers, let until) = run.part, run.result == nil else {
      return
    }
    guard now < until else { return failRecovery(run, "gave no answer after the restart") }
    for name in run.members where answers[name] == nil {
      guard let node = run.sealed.plan.member(name)?.node else { continue }
      _ = world.deliver(.query(fence: fence, member: name), to: node, from: self)
    }
    later(.seconds(1)) { [self] in ask(run) }
  }

  /// Only an agent that still stands by its certificate counts: one that was told to abort has deleted its snapshots.
  func answerRecovery(_ run: GroupRun, _ report: CutReport) {
    guard case .recovery(let fence, var answers, let until) = run.part else { return }
    guard case .certified(let certificate) = report.news,
      world.notary.verify(certificate) != nil
    else {
      return failRecovery(run, "has no certificate (\(Naming.of(report.news)))")
    }
    answers[report.member] = certificate
    run.part = .recovery(fence: fence, answers: answers, until: until)
    finishRecovery(run)
  }

  private func finishRecovery(_ run: GroupRun) {
    guard case .recovery(let fence, let answers, _) = run.part, run.result == nil else { return }
    let certificates = run.members.compactMap { answers[$0] }
    guard certificates.count == run.members.count else { return }
    run.result = .evidence(
      GroupEvidence(group: run.group, fence: fence, certificates: certificates))
    world.census.count("coordinator:recovered-by-evidence")
    conclude(run.backup, byRecovery: true)
  }

  private func failRecovery(_ run: GroupRun, _ why: String) {
    guard run.result == nil else { return }
    run.result = .failed(sentence: why)
    world.census.count("coordinator:recovery-failed-cut")
    conclude(run.backup, byRecovery: true)
  }

  /// What a finished backup has left open at agents: settled where it was committed, aborted elsewhere, until they say it is over.
  func repeatClosing() {
    for entry in world.store.begun where entry.isOpen {
      guard let outcome = world.store.outcome(of: entry.backup) else { continue }
      let node = world.node(of: entry.member)
      _ = world.deliver(closing(entry, outcome), to: node, from: self)
    }
    later(.seconds(1)) { [self] in repeatClosing() }
  }

  private func closing(_ entry: FleetStore.Begun, _ outcome: FleetStore.Outcome) -> CutOrder {
    let isCommitted = outcome.groups.contains { group in
      group.fence == entry.fence
        && !group.leftOut.contains { $0.member == entry.member }
    }
    return isCommitted
      ? .settled(fence: entry.fence, member: entry.member)
      : .abort(fence: entry.fence, member: entry.member, reason: "the backup is over")
  }

  /// A report that no cut in memory waits for.
  func receiveOther(_ report: CutReport) {
    guard case .ended = report.news, world.store.isBegun(report.fence, report.member) else {
      return
    }
    let backup = world.store.begun.first { $0.fence == report.fence }?.backup
    guard let backup, world.store.outcome(of: backup) != nil else { return }
    world.store.close(report.fence, report.member)
  }
}
