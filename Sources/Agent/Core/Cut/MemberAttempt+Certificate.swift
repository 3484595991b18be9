internal import CutProtocol
internal import Logging
internal import Model

extension MemberAttempt {
  /// Signs what was seen, and stores the certificate before it is sent.
  func certify() async {
    do {
      let statement = try await statement()
      let certificate = try await environment.signer.sign(CanonicalJSON.encode(statement))
      try await ledger.keep(certificate, fence: key.fence, member: key.member)
      feed(.certified(certificate))
    } catch {
      feed(.certifyFailed(reason: "the certificate of \(key.member) could not be made: \(error)"))
    }
  }

  private func statement() async throws(Refusal) -> HoldStatement {
    guard let plan, let steps = record.steps(), let witness, let thaw = record.thaw,
      let process = record.process, let heldAt = record.heldAt
    else { throw Refusal(.failed, "a step of the hold was not seen") }
    let snapshots = snapshots
    return HoldStatement(
      fleet: plan.plan.fleet, backup: backup, planHash: plan.hash, fence: key.fence,
      node: environment.node, member: key.member, hold: hold, heldAfter: heldAfter,
      witness: witness, steps: steps, fidelity: record.fidelity,
      tokensAtHold: record.tokensAtHold, tokensBeforeThaw: record.tokensBeforeThaw,
      processAtHold: process,
      processBeforeThaw: record.processBeforeThaw,
      snapshots: snapshots.own + record.shared(notice),
      snapshotsForOthers: snapshots.others.isEmpty ? nil : snapshots.others, thaw: thaw,
      heldAt: heldAt)
  }

  /// What was cut of the member's volumes, and of others' alone.
  private var snapshots: (own: [SnapshotRecord], others: [SnapshotRecord]) {
    let volumes = Set(member.volumes.map(\.volume))
    return (
      record.snapshots.filter { volumes.contains($0.volume) },
      record.snapshots.filter { !volumes.contains($0.volume) }
    )
  }

  /// As `cleanUp`, for an attempt that was found in the ledger. Calls of the agent's earlier life may still be under way at
  /// a driver, so what is deleted now is looked for once more when a hold, and with it their use, must have ended.
  ///
  /// The coordinator need not wait for that: nothing is held, and the ledger keeps the attempt until then.
  func cleanUpAfterRestart(cap: Duration) async {
    guard await deleteSnapshots() else { return }
    report(.ended(reason: "the agent was restarted"))
    if !member.ownCuts.isEmpty {
      let clock = environment.clock
      guard (try? await clock.sleep(until: clock.now() + cap)) != nil, await deleteSnapshots()
      else { return }
    }
    await closeEntry()
  }

  /// Deletes the attempt's snapshots by name until that has succeeded, then closes it.
  func cleanUp(_ reason: String) async {
    guard await deleteSnapshots(), await isOver(), await closeEntry() else { return }
    report(.ended(reason: reason))
  }

  /// Returns once nothing of these names is there; false when the agent stops before.
  ///
  /// A snapshot call that is still under way is waited for: what it returns after the thaw is an orphan, and would
  /// otherwise come into being after the deletion.
  private func deleteSnapshots() async -> Bool {
    var pause = Duration.milliseconds(100)
    while true {
      if cutsUnderWay == 0 {
        do throws(Refusal) {
          // First of all: a crash in between must not find a certificate for snapshots that are gone.
          try await ledger.withdraw(key.fence, member: key.member)
          if !member.ownCuts.isEmpty {
            _ = try await environment.snapshots.deleteOrphans(member.ownCuts, name: snapshotName)
          }
          return true
        } catch {
          environment.logger.warning(
            "orphaned snapshots not deleted yet",
            metadata: ["member": "\(key.member)", "hold": "\(hold)", "error": "\(error)"])
        }
      }
      // The ledger keeps the attempt: after a restart the deletion goes on.
      guard (try? await environment.clock.sleep(until: environment.clock.now() + pause)) != nil
      else { return false }
      pause = min(pause * 2, .seconds(30))
    }
  }

  /// The backup is stored: nothing of the attempt has to be kept here, and the coordinator is told so.
  func settle() async {
    if await isOver(), await closeEntry() { report(.ended(reason: "settled")) }
  }

  /// Closes the attempt: its backup is settled, or nothing is left of it.
  ///
  /// Tried until it is on the disk: an end that was reported is never asked for again, and the ledger would keep the
  /// attempt open. False when the agent stops first; its next start takes the attempt up again.
  @discardableResult
  func closeEntry() async -> Bool {
    var pause = Duration.milliseconds(100)
    while true {
      do throws(Refusal) {
        try await ledger.close(key.fence, member: key.member)
        break
      } catch {
        environment.logger.warning(
          "attempt not closed yet", metadata: ["member": "\(key.member)", "error": "\(error)"])
      }
      guard (try? await environment.clock.sleep(until: environment.clock.now() + pause)) != nil
      else { return false }
      pause = min(pause * 2, .seconds(5))
    }
    await finish()
    return true
  }
}
