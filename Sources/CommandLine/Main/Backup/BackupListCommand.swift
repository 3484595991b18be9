internal import ArgumentParser
internal import CommandLineKit
internal import Model
internal import OperatorWire

struct BackupListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List backups, newest first.")

  @Option(help: "Only those of this plan.", completion: completion(.plan), transform: name)
  var plan: PlanName?
  @OptionGroup var list: ListOptions
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let query = list.query + (plan.map { [("plan", $0.text)] } ?? [])
    let backups: Items<BackupBody> = try await connection.connect {
      try await $0.get("/v1/backups", query: query)
    }
    try output.write(backups) { backupTable(backups.items, wide: $0) }
  }
}
