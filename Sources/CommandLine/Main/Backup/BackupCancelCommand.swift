internal import ArgumentParser
internal import CommandLineKit
internal import Model

struct BackupCancelCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel", abstract: "End a backup that waits or is being taken.",
    discussion: """
      Everybody who is held thaws, and the backup has failed. One that has just earned its outcome keeps it.
      """)

  @Argument(help: "The backup.", completion: completion(.backup), transform: name)
  var backup: BackupID
  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    let id = backup
    try await connection.connect { try await $0.post("/v1/backups/\(id)/cancel") }
    printText("backup \(id) is being cancelled; see it with: stillpoint backup show \(id)\n")
  }
}
