internal import CutProtocol
internal import Model

/// Tries every CSI driver of a plan on the nodes where its volumes are.
package struct PlanProbing: Sendable {
  /// The slowest driver that is still waited for: some need minutes to make a volume from a snapshot.
  static let limit = Duration.seconds(600)

  private let gateway: any AgentGateway

  package init(gateway: any AgentGateway) { self.gateway = gateway }

  /// One driver on one node.
  struct Target: Hashable, Comparable {
    var node: NodeID
    var driver: DriverName

    static func < (left: Target, right: Target) -> Bool {
      (left.node, left.driver) < (right.node, right.driver)
    }
  }

  static func targets(of plan: CutPlan) -> [Target] {
    let all = plan.members.flatMap { member in
      member.volumes.map { Target(node: member.node, driver: $0.volume.driver) }
    }
    return Set(all).sorted()
  }

  /// All at once; a node that does not answer is an obstacle of its drivers, not the end of the others' trials.
  func run(_ targets: [Target], as probe: ProbeID) async -> [PlanProbe.Driver] {
    await withTaskGroup(of: PlanProbe.Driver.self) { tasks in
      for target in targets { tasks.addTask { await findings(of: target, probe) } }
      var found: [PlanProbe.Driver] = []
      for await driver in tasks { found.append(driver) }
      return found.sorted { ($0.node, $0.findings.driver) < ($1.node, $1.findings.driver) }
    }
  }

  private func findings(of target: Target, _ probe: ProbeID) async -> PlanProbe.Driver {
    let obstacle: String
    do {
      let reply = try await gateway.request(
        .probe(DriverProbe(probe: probe, driver: target.driver)), to: target.node,
        timeout: Self.limit)
      switch reply {
      case .probed(let findings): return PlanProbe.Driver(node: target.node, findings: findings)
      case .failed(let refusal): obstacle = "\(refusal)"
      case .done, .restored, .ran, .found:
        obstacle = "the agent gave an answer to another request"
      }
    } catch {
      obstacle =
        error.code == .timedOut
        ? "\(error.message); it goes on there, and cleans up after itself" : error.message
    }
    return PlanProbe.Driver(
      node: target.node,
      findings: ProbeFindings(driver: target.driver, version: "", obstacle: obstacle))
  }
}
