internal import ArgumentParser

struct CatalogCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "catalog", abstract: "Keep the coordinator's own catalog safe.",
    subcommands: [CatalogBackupCommand.self])
}
