internal import ArgumentParser
internal import CommandLineKit
internal import OperatorWire

struct AuditListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List what was done, newest first.")

  @OptionGroup var list: ListOptions
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let list = list
    let entries: Items<AuditBody> = try await connection.connect {
      try await $0.get("/v1/audit", query: list.query)
    }
    try output.write(entries) { _ in auditTable(entries.items) }
  }
}
