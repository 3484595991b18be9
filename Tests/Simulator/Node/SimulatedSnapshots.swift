import AgentCore
import CutProtocol
import Model

/// The snapshot drivers of one node, honest or not. What a driver has begun goes on when the agent dies.
struct SimulatedSnapshots: SnapshotProvider {
  let agent: AgentLife

  private var world: World { agent.world }

  func volume(at hostPath: String) async throws(Refusal) -> VolumeRef? { nil }

  func prepare(_ volumes: [MemberVolume]) async throws(Refusal) -> Duration {
    await agent.process.rest(.milliseconds(1))
    return .milliseconds(20)
  }

  func cut(_ volumes: [MemberVolume], name: SnapshotName, clock: @Sendable () -> Duration)
    async throws(Refusal) -> [SnapshotRecord]
  {
    guard let volume = volumes.first, let service = world.service(name.member) else { return [] }
    let requested = clock()
    let text = world.mutant.storageName(name, volume.volume)
    let plan = timing()
    if var restart = world.oracle.strike(.containerRestart) {
      world.timeline.after(restart.duration(.zero, plan.cut)) { [world] in
        world.application.restartContainer(service)
      }
    }
    if plan.fails {
      await agent.process.rest(plan.cut)
      throw Refusal(.busy, "the driver could not cut")
    }
    world.timeline.after(plan.cut) { [world] in
      world.storage.cut(
        text, service: service, content: world.application.content(ofVolumeOf: service),
        at: world.timeline.now, isEarlyAnswer: plan.answersEarly)
    }
    if plan.answersEarly { world.storage.promise(text, service) }
    // Cancelling the call does not take back what the driver has begun.
    try await wait(plan.answersEarly ? .microseconds(300) : plan.cut + plan.answer)
    if plan.losesAnswer { throw Refusal(.busy, "the driver's answer was lost") }
    return [record(volume, name, text, service, requested: requested, acknowledged: clock())]
  }

  private func wait(_ time: Duration) async throws(Refusal) {
    do {
      try await agent.process.pause(time)
    } catch {
      throw Refusal(.failed, "the call was cancelled")
    }
  }

  private struct Timing {
    var cut: Duration
    var answer: Duration
    var fails = false
    var losesAnswer = false
    var answersEarly = false
  }

  private func timing() -> Timing {
    let oracle = world.oracle
    var timing = Timing(
      cut: world.random.duration(.microseconds(500), .milliseconds(20)),
      answer: world.random.duration(.microseconds(200), .milliseconds(10)))
    if var late = oracle.strike(.lateSnapshot) {
      timing.cut = late.duration(.milliseconds(200), .seconds(6))
    }
    if var late = oracle.strike(.lateAnswer) {
      timing.answer = late.duration(.milliseconds(200), .seconds(6))
    }
    if oracle.strikes(.hungSnapshot) { timing.answer = .seconds(30) }
    timing.fails = oracle.strikes(.failingSnapshot)
    timing.losesAnswer = oracle.strikes(.lostAnswer)
    if var early = oracle.strike(.earlyAnswer) {
      timing.answersEarly = true
      timing.cut = early.duration(.milliseconds(5), .milliseconds(300))
    }
    return timing
  }

  func record(
    _ volume: MemberVolume, _ name: SnapshotName, _ text: String, _ service: Int,
    requested: Duration, acknowledged: Duration
  ) -> SnapshotRecord {
    SnapshotRecord(
      containerPath: volume.containerPath, volume: volume.volume,
      name: name.text(volume: volume.volume.handle),
      handle: SnapshotHandle(accepted: Storage.handle(text, service)), group: nil, sizeBytes: 1,
      createdAt: Timestamp(nanoseconds: 0), readyToUse: true, requested: requested,
      acknowledged: acknowledged)
  }

  func delete(driver: DriverName, snapshot: SnapshotHandle, group: SnapshotHandle?)
    async throws(Refusal)
  {
    try await answerDeletion()
    guard !agent.node.isClone else { return }
    world.storage.delete(handle: snapshot.text, at: world.timeline.now)
  }

  func deleteOrphans(_ volumes: [MemberVolume], name: SnapshotName) async throws(Refusal) -> Int {
    try await answerDeletion()
    // The disks of a cloned machine are copies as well.
    guard let volume = volumes.first, !agent.node.isClone else { return 0 }
    return world.storage.delete(
      world.mutant.storageName(name, volume.volume), at: world.timeline.now) ? 1 : 0
  }

  private func answerDeletion() async throws(Refusal) {
    try await wait(world.random.duration(.milliseconds(1), .milliseconds(20)))
    if world.oracle.strikes(.failingDeletion) { throw Refusal(.busy, "the driver does not answer") }
  }

  func probe(_ order: DriverProbe) async throws(Refusal) -> ProbeFindings {
    throw Refusal(.hazard, "a simulated driver makes no volumes to try it on")
  }

  func restore(_ order: VolumeRestore) async throws(Refusal) -> VolumeRef { order.source.volume }
}
