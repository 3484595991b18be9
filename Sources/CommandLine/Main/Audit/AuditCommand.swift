internal import ArgumentParser

struct AuditCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "See who did what.",
    subcommands: [AuditListCommand.self])
}
