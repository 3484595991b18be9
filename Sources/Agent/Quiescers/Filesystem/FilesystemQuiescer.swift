internal import AgentCore
internal import CutProtocol
internal import LinuxSystem
internal import Model

/// FIFREEZE on every filesystem of the member's volumes, from the node.
struct FilesystemQuiescer: Quiescer {
  let settings: QuiescerSettings

  func prepare(
    _ hold: HoldSpec, for target: HoldTarget
  ) async throws(Refusal) -> any PreparedHold {
    guard !target.isPausedLater else {
      throw Refusal(
        .hazard,
        "freeze of \(target.member) refused: a process that waits for a frozen filesystem never reports that it is paused",
        hint: "name `pause` before `filesystem`")
    }
    let (mounts, predicted) = try await onDedicatedThread {
      () throws(Refusal) -> ([FreezableMount], Duration) in
      let mounts = try MountResolution(target: target).mounts()
      try FilesystemHazards(settings: settings, target: target).check(mounts)
      return (mounts, try synchronize(mounts, of: target.member))
    }
    let readiness = HoldReadiness(
      quiescer: hold.quiescer,
      fidelity: Fidelity(
        durableStateConstant: true, acknowledgedIsDurable: false, nothingAcknowledged: true,
        reasons: [
          "F2, F3: a filesystem freeze does not know whether \(target.member) acknowledges only what it has made durable; its own quiescer does"
        ]),
      keepsFiles: true, predicted: predicted, remarks: [],
      rescue: mounts.reversed().map { .thaw($0.directory) },
      record: mounts.reversed().map { .thaw(mountPoint: $0.path, device: "\($0.device)") })
    return FilesystemHold(member: target.member, mounts: mounts, readiness: readiness)
  }

  /// Writes dirty pages now, so that little is left for the hold; what further rounds take predicts the freeze.
  private func synchronize(
    _ mounts: [FreezableMount], of member: ServiceName
  ) throws(Refusal) -> Duration {
    var rounds = FlushRounds()
    do {
      for mount in mounts { try FilesystemFreeze.synchronize(mount.directory, name: mount.path) }
      while rounds.wantsMore {
        let began = LinuxKernel.timeSinceBoot()
        for mount in mounts { try FilesystemFreeze.synchronize(mount.directory, name: mount.path) }
        rounds.add(LinuxKernel.timeSinceBoot() - began)
      }
    } catch {
      throw Refusal.because(error, member, "flush")
    }
    // The hold synchronises and freezes, and an idle freeze itself was measured at 0.5 to 20 ms.
    return rounds.predicted + .milliseconds(10)
  }
}
