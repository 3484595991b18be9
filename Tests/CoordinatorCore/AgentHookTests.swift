import CoordinatorCore
import CutProtocol
import Logging
import Model
import Synchronization
import Testing

/// Agents that answer requests one after the other as a test says.
private final class ScriptedGateway: AgentGateway {
  typealias Answer = Result<NodeReply, GatewayError>

  private let state = Mutex((answers: [Answer](), asked: [(NodeID, HookRun)]()))

  init(_ answers: [Answer]) { state.withLock { $0.answers = answers } }

  var asked: [(NodeID, HookRun)] { state.withLock { $0.asked } }

  func send(_ order: CutOrder, to node: NodeID) async throws(GatewayError) {}

  func request(_ request: NodeRequest, to node: NodeID, timeout: Duration)
    async throws(GatewayError) -> NodeReply
  {
    guard case .runHook(let run) = request else { return .done }
    let answer = state.withLock { state in
      state.asked.append((node, run))
      return state.answers.isEmpty
        ? .failure(GatewayError(.notConnected, "\(node) is not connected"))
        : state.answers.removeFirst()
    }
    return try answer.get()
  }

  func connected() async -> Set<NodeID> { [] }
  func disconnect(_ node: NodeID) async {}
}

struct `A hook that agents run` {
  private func hook(container: String = "orders", podUID: String = "uid-orders") throws -> PodHook {
    PodHook(
      restore: try RestoreID("r1"), backup: try BackupID("b1"), service: try ServiceName("orders"),
      number: 1, hook: RestoreHook(command: ["/app/repair"], timeout: .seconds(5)),
      namespace: "shop", pod: "orders", podUID: podUID, node: "called-otherwise",
      container: container)
  }

  private func run(
    _ answers: [ScriptedGateway.Answer], _ hook: PodHook
  ) async throws -> (result: Result<HookResult, OperationError>, asked: [(NodeID, HookRun)]) {
    try await withCoordinator { coordinator in
      try await coordinator.stock()
      let gateway = ScriptedGateway(answers)
      let hooks = AgentHooks(
        placements: coordinator.catalog, gateway: gateway, clock: BootClock(),
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        patience: .milliseconds(300), pause: .milliseconds(5))
      do throws(OperationError) {
        return (.success(try await hooks.run(hook)), gateway.asked)
      } catch {
        return (.failure(error), gateway.asked)
      }
    }
  }

  private let good = HookResult(.exited(0), output: "done")

  @Test func `goes to the node whose agent tells of the container`() async throws {
    let (result, asked) = try await run([.success(.ran(good))], try hook())
    #expect(result == .success(good))
    #expect(asked.map(\.0) == [try NodeID("node-orders")])
    #expect(
      asked.map(\.1) == [
        HookRun(
          restore: try RestoreID("r1"), backup: try BackupID("b1"),
          service: try ServiceName("orders"), number: 1, namespace: "shop", podUID: "uid-orders",
          container: try ContainerID("orders-1"), command: ["/app/repair"], timeout: .seconds(5))
      ])
  }

  @Test func `is asked for again while its agent or its container may come back`() async throws {
    let (result, asked) = try await run(
      [
        .failure(GatewayError(.notConnected, "node-orders is not connected")),
        .failure(GatewayError(.lost, "node-orders went away before it replied")),
        .success(.failed(Refusal(.moved, "it does not run any more"))),
        .success(.failed(Refusal(.busy, "the runtime does not answer"))), .success(.ran(good)),
      ], try hook())
    #expect(result == .success(good) && asked.count == 5)
    // Whoever is asked again knows that it is the same.
    #expect(Set(asked.map(\.1)).count == 1)
  }

  @Test func `fails clearly where it cannot be run`() async throws {
    let old = GatewayError(.unsupported, "the agent on node-orders (0.1) speaks fleet protocol 3")
    let lost = ScriptedGateway.Answer.failure(GatewayError(.lost, "went away before it replied"))
    let cases: [([ScriptedGateway.Answer], PodHook, String, Int?)] = [
      ([.failure(old)], try hook(), old.message, 1),
      (
        [.success(.failed(Refusal(.hazard, "no program /app/repair")))], try hook(),
        "no program /app/repair", 1
      ),
      ([lost, lost, lost, .success(.ran(good))], try hook(), "went away before it replied", 3),
      ([], try hook(), "node-orders is not connected", nil),
      (
        [], try hook(container: "side"),
        "pod shop/orders has no running container side (it runs orders)", 0
      ),
      (
        [], try hook(podUID: "uid-9"),
        "no agent tells of pod shop/orders on node called-otherwise: does one run there?", 0
      ),
    ]
    for (answers, hook, words, asks) in cases {
      let (result, asked) = try await run(answers, hook)
      guard case .failure(let error) = result else {
        Issue.record("ran: \(words)")
        continue
      }
      #expect(error.message.contains(words) && error.code == .conflict)
      if let asks { #expect(asked.count == asks, "\(words)") }
    }
  }

  @Test func `in a pod of another namespace is never run`() async throws {
    var other = try hook()
    other.namespace = "elsewhere"
    let (result, asked) = try await run([.success(.ran(good))], other)
    #expect(asked.isEmpty)
    #expect(throws: OperationError.self) { try result.get() }
  }
}
