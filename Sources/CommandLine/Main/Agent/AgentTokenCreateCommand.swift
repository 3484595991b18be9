internal import ArgumentParser
internal import CommandLineKit
internal import Model
internal import OperatorWire

struct AgentTokenCreateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Make a token that enrols one node, once.",
    discussion: "The token alone goes to standard output, so that a script can catch it.")

  @Option(help: "The node that may enrol with it.", transform: name)
  var node: NodeID
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let wanted = CreateToken(node: node)
    let token: TokenBody = try await connection.connect {
      try await $0.post("/v1/agents/tokens", wanted)
    }
    try output.write(token) { _ in token.token + "\n" }
    printError("valid until \(token.expires), for \(token.node) only, once; it is not shown again")
  }
}
