internal import ArgumentParser

struct NodeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "node", abstract: "See the nodes and what runs on them.",
    subcommands: [NodeListCommand.self, NodeShowCommand.self])
}
