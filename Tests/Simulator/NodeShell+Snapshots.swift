import CutProtocol
import Model

extension NodeShell {
  func cutSnapshots(_ attempt: NodeAttempt) {
    guard let volume = attempt.member.volumes.first else {
      return later(.microseconds(50)) { [self] in feed(attempt, .snapshotsCut) }
    }
    let faults = world.faults
    let requested = now - attempt.notes.quiesceBegan
    var cutDelay = random.duration(.microseconds(500), .milliseconds(20))
    var answerDelay = random.duration(.microseconds(200), .milliseconds(10))
    if random.chance(faults.slowSnapshotPermille) {
      world.census.count("fault:slow-snapshot")
      if random.chance(500) {
        cutDelay = random.duration(.milliseconds(200), .seconds(6))
      } else {
        answerDelay = random.duration(.milliseconds(200), .seconds(6))
      }
    }
    if random.chance(faults.hungSnapshotPermille) {
      world.census.count("fault:hung-snapshot")
      answerDelay = .seconds(30)
    }
    let fails = random.chance(faults.failingSnapshotPermille)
    attempt.cutsUnderWay += 1
    let name = world.storageName(attempt)
    if random.chance(faults.containerRestartPermille) {
      world.timeline.after(cutDelay / 2) { [self] in
        world.census.count("fault:container-restarted")
        world.application.restartContainer(attempt.service)
      }
    }
    world.timeline.after(cutDelay) { [self] in
      if !fails {
        let version = world.application.version(attempt.service)
        _ = world.storage.cut(
          name, service: attempt.service, version: version, at: world.timeline.now)
      }
      later(answerDelay) { [self] in
        attempt.cutsUnderWay -= 1
        if fails {
          world.census.count("fault:failing-snapshot")
          return feed(attempt, .snapshotFailed(Refusal(.busy, "the driver could not cut")))
        }
        if attempt.notes.snapshots.isEmpty {
          attempt.notes.snapshots = [record(attempt, volume, name, requested)]
        }
        feed(attempt, .snapshotsCut)
      }
    }
    if world.mutant == .snapshotNotAwaited {
      attempt.notes.snapshots = [record(attempt, volume, name, requested)]
      feed(attempt, .snapshotsCut)
    }
  }

  private func record(
    _ attempt: NodeAttempt, _ volume: MemberVolume, _ name: String, _ requested: Duration
  ) -> SnapshotRecord {
    SnapshotRecord(
      containerPath: volume.containerPath, volume: volume.volume,
      name: attempt.name.text(volume: volume.volume.handle),
      handle: SnapshotHandle(accepted: "\(name)@\(attempt.service)"), group: nil, sizeBytes: 1,
      createdAt: Timestamp(nanoseconds: 0), readyToUse: true, requested: requested,
      acknowledged: now - attempt.notes.quiesceBegan)
  }
}
