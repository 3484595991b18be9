package import AgentCore
package import CutProtocol
package import Model

/// Every kind of hold that this agent can take.
package struct QuiescerSet: Quiescer {
  private let settings: QuiescerSettings

  package init(settings: QuiescerSettings) { self.settings = settings }

  package func prepare(
    _ hold: HoldSpec, for target: HoldTarget
  ) async throws(Refusal) -> any PreparedHold {
    let quiescer: any Quiescer =
      switch hold {
      case .postgresql: PostgreSQLQuiescer(settings: settings)
      case .mariadb: MariaDBQuiescer(settings: settings)
      case .redis: RedisQuiescer(settings: settings)
      case .filesystem: FilesystemQuiescer(settings: settings)
      case .pause: PauseQuiescer(settings: settings)
      case .command: CommandQuiescer(settings: settings)
      }
    return try await quiescer.prepare(hold, for: target)
  }
}
