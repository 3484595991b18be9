internal import ArgumentParser
internal import CommandLineKit
internal import Model
internal import OperatorWire

struct RestoreShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a restore and where its volumes are.")

  @Argument(help: "The restore.", completion: completion(.restore), transform: name)
  var restore: RestoreID
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let id = restore
    let restore: RestoreBody = try await connection.connect {
      try await $0.get("/v1/restores/\(id)")
    }
    try output.write(restore) { restoreText(restore, wide: $0) }
  }
}
