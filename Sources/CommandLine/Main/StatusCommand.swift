internal import ArgumentParser
internal import CommandLineKit
internal import Model
internal import OperatorWire

struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show the fleet in one screen.")

  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let status: StatusBody = try await connection.connect { try await $0.get("/v1/status") }
    try output.write(status) { statusText(status, now: .now(), wide: $0) }
  }
}
