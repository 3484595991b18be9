internal import ArgumentParser
internal import CommandLineKit
internal import Model

struct BackupDeleteCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Delete a backup and its snapshots, for good.")

  @Argument(help: "The backup.", completion: completion(.backup), transform: name)
  var backup: BackupID
  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    let id = backup
    try await connection.connect { try await $0.delete("/v1/backups/\(id)") }
    printText("backup \(id) is deleted\n")
  }
}
