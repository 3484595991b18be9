internal import ArgumentParser

struct ServiceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "service", abstract: "See where services run, ran, and how they are protected.",
    subcommands: [
      ServiceListCommand.self, ServiceShowCommand.self, ServiceWhereCommand.self,
      ServiceHistoryCommand.self,
    ])
}
