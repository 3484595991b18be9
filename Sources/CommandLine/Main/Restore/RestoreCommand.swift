internal import ArgumentParser

struct RestoreCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore", abstract: "Bring a backup back.",
    subcommands: [RestoreCreateCommand.self, RestoreListCommand.self, RestoreShowCommand.self])
}
