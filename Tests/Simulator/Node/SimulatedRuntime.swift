import AgentCore
import CutProtocol
import Foundation
import Model

/// The container runtime of one node.
struct SimulatedRuntime: ContainerRuntime {
  let agent: AgentLife

  struct Away: Error {}

  func containers() async throws -> [ObservedContainer] {
    let world = agent.world
    try await agent.process.pause(world.random.duration(.microseconds(300), .milliseconds(4)))
    guard !world.oracle.strikes(.runtimeAway) else { throw Away() }
    guard !agent.node.isClone else { return [] }
    return world.application.services.indices.filter {
      world.application.services[$0].node == agent.node.index
    }.map { world.application.observed($0) }
  }

  func container(_ id: ContainerID) async throws -> ObservedContainer? {
    try await containers().first { $0.id == id }
  }

  func ping() async throws {}

  func watch(_ report: @escaping @Sendable (RuntimeChange) async -> Void) async throws {
    await report(.unsupported)
  }
}

/// Signs as the node's identity, unless it cannot.
struct SimulatedSigner: StatementSigner {
  let agent: AgentLife

  struct NoKey: Error {}

  func sign(_ statement: Data) async throws -> HoldCertificate {
    let world = agent.world
    await agent.process.rest(world.random.duration(.microseconds(200), .milliseconds(2)))
    if world.oracle.strikes(.failingSigner) { throw NoKey() }
    return try world.notary.sign(statement, isForged: world.oracle.strikes(.forgedSignature))
  }
}
