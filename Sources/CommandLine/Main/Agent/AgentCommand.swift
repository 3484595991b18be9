internal import ArgumentParser

struct AgentCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agent", abstract: "Enrol and revoke agents.",
    subcommands: [AgentTokenCommand.self, AgentListCommand.self, AgentRevokeCommand.self])
}
