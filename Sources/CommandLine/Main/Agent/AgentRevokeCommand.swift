internal import ArgumentParser
internal import CommandLineKit
internal import Model

struct AgentRevokeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "Revoke an agent's identity: its next message is refused.")

  @Argument(help: "The agent's node.", completion: completion(.node), transform: name)
  var node: NodeID
  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    let node = node
    try await connection.connect { try await $0.post("/v1/agents/\(node)/revoke") }
    printText("the agent of \(node) is revoked; its history stays\n")
  }
}
