package import CutProtocol
package import Logging
internal import Model

/// Has the agents run restores' commands, each in the container that its own runtime tells of. Nothing is asked of the API
/// server for it: no right to enter pods is needed.
package struct AgentHooks: HookExecutor {
  private let placements: any PlacementStore
  private let gateway: any AgentGateway
  private let clock: any CutClock
  private let logger: Logger
  /// How long the container may take to be told by its node's agent, and an agent that went away to come back.
  private let patience: Duration
  private let pause: Duration

  /// How often one command is begun at most, where its agent went away before it had replied.
  private static let mostLosses = 3
  /// What a reply may take beyond the command's own time.
  private static let grace = Duration.seconds(30)

  package init(
    placements: any PlacementStore, gateway: any AgentGateway, clock: any CutClock,
    logger: Logger, patience: Duration = .seconds(120), pause: Duration = .seconds(1)
  ) {
    self.placements = placements
    self.gateway = gateway
    self.clock = clock
    self.logger = logger
    self.patience = patience
    self.pause = pause
  }

  /// Why it cannot be run now; tried again until `patience` is over.
  private struct NotNow: Error {
    var message: String
    /// The command had been handed over.
    var wasLost = false
  }

  package func run(_ hook: PodHook) async throws(OperationError) -> HookResult {
    var deadline = clock.now() + patience
    var losses = 0
    while true {
      let problem: NotNow
      switch try await attempt(hook) {
      case .success(let result): return result
      case .failure(let failure): problem = failure
      }
      if problem.wasLost {
        losses += 1
        deadline = clock.now() + patience
        logger.warning(
          "restore hook lost with its agent, and asked for again",
          metadata: ["restore": "\(hook.restore)", "hook": "\(hook.title)"])
      }
      guard clock.now() < deadline, losses < Self.mostLosses else {
        throw OperationError(.conflict, problem.message)
      }
      do {
        try await clock.sleep(until: clock.now() + pause)
      } catch {
        throw OperationError(.unavailable, "the restore was interrupted")
      }
    }
  }

  private func attempt(_ hook: PodHook) async throws(OperationError)
    -> Result<HookResult, NotNow>
  {
    let placement: Placement
    switch try await self.placement(hook) {
    case .success(let found): placement = found
    case .failure(let problem): return .failure(problem)
    }
    let run = HookRun(
      restore: hook.restore, backup: hook.backup, service: hook.service, number: hook.number,
      namespace: hook.namespace, podUID: hook.podUID, container: placement.container,
      command: hook.hook.command, timeout: hook.hook.timeout.duration)
    let timeout = hook.hook.timeout.duration + Self.grace
    let reply: NodeReply
    do throws(GatewayError) {
      reply = try await gateway.request(.runHook(run), to: placement.node, timeout: timeout)
    } catch {
      switch error.code {
      case .lost: return .failure(NotNow(message: error.message, wasLost: true))
      case .notConnected, .overloaded: return .failure(NotNow(message: error.message))
      case .timedOut, .tooLarge, .unsupported: throw OperationError(.conflict, error.message)
      }
    }
    switch reply {
    case .ran(let result): return .success(result)
    case .failed(let refusal):
      let isPassing = refusal.code == .moved || refusal.code == .busy
      guard isPassing else { throw OperationError(.conflict, "\(refusal)") }
      return .failure(NotNow(message: "\(refusal)"))
    case .done, .probed, .restored, .found:
      throw OperationError(.unavailable, "the agent gave an answer to another request")
    }
  }

  /// The running container, as the agent of its node has told it.
  private func placement(_ hook: PodHook) async throws(OperationError)
    -> Result<Placement, NotNow>
  {
    var ofPod: [Placement] = []
    do throws(CatalogError) {
      // Where the node is called as the cluster calls it, the others need not be looked at.
      if let node = try? NodeID(hook.node) {
        ofPod = try await placements.running(on: node).filter { $0.podUID == hook.podUID }
      }
      if ofPod.isEmpty {
        ofPod = try await placements.running(on: nil).filter { $0.podUID == hook.podUID }
      }
    } catch {
      throw OperationError(error)
    }
    let running = ofPod.filter { $0.pid != nil && $0.namespace == hook.namespace }
    if let found = running.first(where: { $0.containerName == hook.container }) {
      return .success(found)
    }
    let known = running.map(\.containerName).sorted().joined(separator: ", ")
    let why =
      known.isEmpty
      ? "no agent tells of pod \(hook.namespace)/\(hook.pod) on node \(hook.node): does one run there?"
      : "pod \(hook.namespace)/\(hook.pod) has no running container \(hook.container) (it runs \(known))"
    return .failure(NotNow(message: why))
  }
}
