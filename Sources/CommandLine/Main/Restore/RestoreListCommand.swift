internal import ArgumentParser
internal import CommandLineKit
internal import OperatorWire

struct RestoreListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List restores.")

  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let restores: Items<RestoreBody> = try await connection.connect {
      try await $0.get("/v1/restores")
    }
    try output.write(restores) { restoreTable(restores.items, wide: $0) }
  }
}
