internal import ArgumentParser

struct BackupCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup", abstract: "Take, see, verify and delete backups.",
    subcommands: [
      BackupCreateCommand.self, BackupListCommand.self, BackupShowCommand.self,
      BackupVerifyCommand.self, BackupManifestsCommand.self, BackupImportCommand.self,
      BackupLogsCommand.self, BackupCancelCommand.self, BackupDeleteCommand.self,
    ])
}
