import AgentCore
import CutProtocol
import GuardianWatch

/// One life of an agent's end of the guardian's socket.
final class SimulatedGuardianLink: GuardianLink, @unchecked Sendable {
  private let agent: AgentLife
  private var isUntold = false
  private var waiting: [Sleeper] = []

  /// What `GuardianProcess` adds to each lease and cap.
  static let margin = Duration.milliseconds(250)

  init(agent: AgentLife) { self.agent = agent }

  private var node: NodeHost { agent.node }

  private func roundTrip() async { await agent.process.rest(.microseconds(200)) }

  func arm(_ hold: HoldID, rescue: [Rescue], lease: Duration, cap: Duration)
    async throws(Refusal)
  {
    // A hold that ends while the message is under way may take its record along: it is armed for a moment, and holds nobody.
    guard let record = node.run.record(of: hold), let service = node.world.service(record.member)
    else {
      node.world.violate("L1", "hold \(hold) is armed before its record was kept")
      throw Refusal(.failed, "nothing is known of hold \(hold)")
    }
    await roundTrip()
    if !node.guardian.isAlive {
      await agent.process.rest(.milliseconds(20))
      guard agent.process.isRunning else { throw Refusal(.failed, "the agent has ended") }
      node.startGuardian()
    }
    let answer = node.guardian.arm(
      hold, service: service, lease: lease + Self.margin, cap: cap + Self.margin)
    guard answer == .armed else { throw Refusal(.failed, "guardian did not arm: \(answer)") }
    await node.world.mutant.armed(hold, record, agent)
  }

  func renew(_ hold: HoldID, lease: Duration) async throws(Refusal) {
    await roundTrip()
    guard node.guardian.isAlive else { throw Refusal(.failed, "the guardian is gone") }
    switch node.guardian.renew(hold, lease: lease + Self.margin) {
    case .renewed, .notArmed: return
    case .rescued: throw Refusal(.expired, "the lease had passed on the guardian's clock")
    }
  }

  func disarm(_ hold: HoldID) async -> GuardianFinding {
    await roundTrip()
    guard node.guardian.isAlive else { return count(.gone) }
    switch node.guardian.disarm(hold) {
    case .idle: return count(.idle)
    case .rescuing: return count(.rescuing)
    case .rescued: return count(.rescued)
    case .unknown: return count(.gone)
    }
  }

  func end(_ hold: HoldID) async -> GuardianFinding {
    await roundTrip()
    guard node.guardian.isAlive else { return count(.gone) }
    node.guardian.end(hold)
    return await disarm(hold)
  }

  private func count(_ finding: GuardianFinding) -> GuardianFinding {
    node.world.census.count("guardian:disarmed-\(finding)")
    return finding
  }

  func waitUntilGone() async {
    if isUntold {
      isUntold = false
      return
    }
    let sleeper = Sleeper()
    waiting.append(sleeper)
    await sleeper.sleep()
  }

  func tellGone() {
    isUntold = waiting.isEmpty
    let sleepers = waiting
    waiting = []
    for sleeper in sleepers { sleeper.wake() }
  }
}
