internal import ArgumentParser
internal import CommandLineKit
internal import Model
internal import OperatorWire

struct NodeListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "list", abstract: "List the nodes.")

  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let nodes: Items<NodeBody> = try await connection.connect { try await $0.get("/v1/nodes") }
    try output.write(nodes) { nodeTable(nodes.items, now: .now(), wide: $0) }
  }
}
