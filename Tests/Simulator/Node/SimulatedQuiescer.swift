import AgentCore
import CutProtocol
import Model
import SeededRandom

/// Holds the simulated application's services: honest or not, quick or not.
struct SimulatedQuiescer: Quiescer {
  let agent: AgentLife

  func prepare(_ hold: HoldSpec, for target: HoldTarget) async throws(Refusal) -> any PreparedHold {
    let world = agent.world
    guard let service = world.service(target.member) else {
      throw Refusal(.hazard, "\(target.member) is not known")
    }
    var delay = world.random.duration(.milliseconds(2), .milliseconds(80))
    if var slow = world.oracle.strike(.slowPrepare) {
      delay = slow.duration(.seconds(5), .seconds(80))
    }
    do {
      try await agent.process.pause(delay)
    } catch {
      throw Refusal(.failed, "prepare was cancelled")
    }
    if world.oracle.strikes(.prepareBusy) { throw Refusal(.busy, "prepare found it busy") }
    if world.oracle.strikes(.prepareHazard) { throw Refusal(.hazard, "prepare found a hazard") }
    world.application.wake()
    return world.mutant.hold(
      SimulatedHold(
        agent: agent, member: target.member, service: service, quiescer: hold.quiescer,
        fidelity: fidelity(world.application.services[service])))
  }

  private func fidelity(_ service: Application.Service) -> Fidelity {
    guard service.isWeak, agent.world.mutant.mutant != .fidelityClaimed else { return .full }
    return Fidelity(
      durableStateConstant: true, acknowledgedIsDurable: false, nothingAcknowledged: true,
      reasons: ["acknowledges before it is durable"])
  }
}

/// One hold of one service.
final class SimulatedHold: PreparedHold, @unchecked Sendable {
  let readiness: HoldReadiness
  let service: Int
  private let agent: AgentLife
  private let member: ServiceName
  /// The hold that the agent had announced when it asked for this one.
  private(set) var announced: HoldRecord?
  private var isReleased = false
  private var isLie = false
  private var isEnding = false

  init(agent: AgentLife, member: ServiceName, service: Int, quiescer: String, fidelity: Fidelity) {
    self.agent = agent
    self.member = member
    self.service = service
    readiness = HoldReadiness(
      quiescer: quiescer, fidelity: fidelity, predicted: .milliseconds(20), remarks: [],
      rescue: [.run(["/thaw", member.text], environment: [], timeout: .seconds(1))],
      record: [.thaw(mountPoint: "/v\(service)", device: "8:\(service)")])
  }

  private var world: World { agent.world }
  private var node: NodeHost { agent.node }

  func hold() async throws(Refusal) {
    guard let record = node.run.newest(of: member.text) else {
      world.violate("L1", "\(member) is held without a record for the next start")
      throw Refusal(.failed, "no record of the hold")
    }
    announced = record
    if !node.guardian.guards(record.hold), node.guardian.isAlive {
      world.violate("L1", "\(member) is held without an armed guardian")
    }
    let oracle = world.oracle
    var delay = world.random.duration(.milliseconds(1), .milliseconds(30))
    if var slow = oracle.strike(.slowQuiesce) {
      delay = slow.duration(.milliseconds(300), .seconds(5))
    }
    if oracle.strikes(.hungQuiesce) { delay = .seconds(20) }
    let fails = oracle.strikes(.failingQuiesce)
    isLie = oracle.strikes(.lyingQuiesce)
    await agent.process.rest(delay)
    // What was released or rescued before it came into force never does.
    guard !isReleased, agent.process.isAlive, node.guardian.isArmed(record.hold) else {
      throw Refusal(.expired, "the hold was ended before it was in force")
    }
    guard !fails else { throw Refusal(.failed, "the quiescer failed") }
    guard world.application.services[service].node == node.index else {
      throw Refusal(.moved, "\(member) runs here no more")
    }
    guard !node.isClone, world.closed(service, record, on: node, isLie: isLie) else {
      throw Refusal(.failed, "another hold is in force")
    }
    if var third = oracle.strike(.thirdPartyThaw) { interfere(record.hold, &third, again: false) }
    if var third = oracle.strike(.thirdPartyCycle) { interfere(record.hold, &third, again: true) }
    await agent.process.rest(.microseconds(100))
  }

  /// Somebody else thaws in the hold, and sometimes freezes again.
  private func interfere(_ hold: HoldID, _ random: inout SplitMix64, again: Bool) {
    let pause = random.duration(.milliseconds(1), .milliseconds(10))
    world.timeline.after(random.duration(.milliseconds(1), .milliseconds(40))) { [self] in
      guard world.application.services[service].gate == hold else { return }
      world.ghost.update(hold, service: service) { $0.wasBroken = true }
      _ = world.application.open(service)
      guard again else { return world.ghostEnd(hold, service) }
      world.timeline.after(pause) { [self] in
        // What they freeze after everybody here has let go is theirs.
        let isOurs = !isReleased && (agent.process.isAlive || node.guardian.guards(hold))
        if !isOurs || !world.application.close(service, hold) { world.ghostEnd(hold, service) }
      }
    }
  }

  func token() async throws(Refusal) -> StateToken {
    await agent.process.rest(.microseconds(50))
    if isLie, let hold = announced?.hold { world.sampled(hold, service) }
    return StateToken(
      quiescer: readiness.quiescer, values: ["writes": "\(world.application.version(service))"])
  }

  func release() async -> ReleaseFinding {
    isReleased = true
    if var stuck = world.oracle.strike(.stuckRelease), isInForce { return await hang(&stuck) }
    var delay = world.random.duration(.microseconds(100), .milliseconds(2))
    if var slow = world.oracle.strike(.slowRelease) {
      delay = slow.duration(.milliseconds(200), .seconds(1))
      if let hold = announced?.hold {
        world.ghost.update(hold, service: service) { $0.releaseTakes = delay }
      }
    }
    await agent.process.rest(delay)
    guard agent.process.isAlive, !node.isClone else {
      return ReleaseFinding(endedThisHold: false, finding: "nothing was held")
    }
    let ended = world.opened(service, by: "agent of \(node.id)")
    guard isLie || (ended != nil && ended == announced?.hold) else {
      return ReleaseFinding(endedThisHold: false, finding: "nothing was held any more")
    }
    return ReleaseFinding(endedThisHold: true)
  }

  private var isInForce: Bool {
    announced.map { world.application.services[service].gate == $0.hold } ?? false
  }

  /// A call that does not return in time: it gets through later, or fails.
  private func hang(_ random: inout SplitMix64) async -> ReleaseFinding {
    if let hold = announced?.hold {
      world.ghost.update(hold, service: service) { $0.isStuck = true }
      node.markAlone()
    }
    isEnding = true
    let getsThrough = random.chance(600)
    let untilHealed = max(.milliseconds(1), FaultSchedule.healAt - world.timeline.now)
    let lasts = min(random.duration(.milliseconds(100), .seconds(8)), untilHealed)
    world.timeline.after(lasts) { [self] in
      isEnding = false
      guard getsThrough, agent.process.isAlive, !node.isClone, isInForce else { return }
      world.opened(service, by: "agent of \(node.id)")
    }
    await agent.process.rest(.seconds(1))
    return ReleaseFinding(endedThisHold: false, finding: "its release hangs", mayHold: true)
  }

  func waitUntilOver() async -> Bool {
    while isEnding {
      guard (try? await agent.process.pause(.milliseconds(100))) != nil else { return false }
    }
    return !isInForce
  }

  func discard() async {}
}
