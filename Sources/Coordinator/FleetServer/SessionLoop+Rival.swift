internal import CoordinatorCore
internal import CutProtocol
internal import FleetWire
internal import Logging
internal import Model

extension SessionLoop {
  /// Turns a second agent of one node away while the first one lives: somebody copied a machine, or its state.
  ///
  /// An agent that was restarted leaves a connection behind that is closed or silent. Another start that goes on speaking
  /// after this one's hello is another agent. Where both had their turns, each would believe the other's orders.
  func isRefusedForRival(_ hello: AgentHello) async -> Bool {
    let run = AgentRun(hello)
    guard let rival = gateway.rival(of: session, run), let theirs = rival.run else { return false }
    let clock = ContinuousClock()
    let beat = configuration.beatInterval
    // What it had said before it died may still be under way.
    let underWay = clock.now + beat / 2
    let isGone = await finishes(within: beat * 5 / 2) { _ = await rival.end.wait() }
    guard !isGone, rival.isOpen, rival.lastHeard > underWay else { return false }
    logger.error(
      "a second agent of one node was refused",
      metadata: ["node": "\(agent.node)", "connected": "\(theirs)", "refused": "\(run)"])
    session.close(
      Farewell(
        .replaced,
        "another agent runs as \(agent.node) (\(theirs)) and answers; this one (\(run)) is refused: "
          + "its machine or its state was copied. Stop it, and enrol it as a node of its own"))
    await events.agentDoubled(
      agent.node, "\(theirs) is connected, \(run) is refused")
    return true
  }
}
