internal import ArgumentParser
internal import CommandLineKit
internal import Model
internal import OperatorWire

struct AgentListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the agents and their identities.")

  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let nodes: Items<NodeBody> = try await connection.connect { try await $0.get("/v1/nodes") }
    try output.write(nodes) { agentTable(nodes.items, now: .now(), wide: $0) }
  }
}
