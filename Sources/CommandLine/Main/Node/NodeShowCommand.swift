internal import ArgumentParser
internal import CommandLineKit
internal import Model
internal import OperatorWire

struct NodeShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a node and the containers that run on it.")

  /// The document form: the node with its placements beside it.
  struct Shown: Codable, Sendable {
    var node: NodeBody
    var placements: [Placement]
  }

  @Argument(help: "The node.", completion: completion(.node), transform: name)
  var node: NodeID
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let node = node
    let shown = try await connection.connect { client in
      let body: NodeBody = try await client.get("/v1/nodes/\(node)")
      let placements: Items<Placement> = try await client.get("/v1/nodes/\(node)/placements")
      return Shown(node: body, placements: placements.items)
    }
    try output.write(shown) {
      nodeText(shown.node, placements: shown.placements, now: .now(), wide: $0)
    }
  }
}
