internal import ArgumentParser
internal import CommandLineKit
internal import Model
internal import OperatorWire

struct BackupLogsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs", abstract: "Print what happened during a cut.")

  @Argument(help: "The backup.", completion: completion(.backup), transform: name)
  var backup: BackupID
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let id = backup
    let lines: Items<LogLine> = try await connection.connect {
      try await $0.get("/v1/backups/\(id)/logs")
    }
    try output.write(lines) { _ in logText(lines.items) }
  }
}
