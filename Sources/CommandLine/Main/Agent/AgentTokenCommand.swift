internal import ArgumentParser

struct AgentTokenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Make enrolment tokens.",
    subcommands: [AgentTokenCreateCommand.self])
}
