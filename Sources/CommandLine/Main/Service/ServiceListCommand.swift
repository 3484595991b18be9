internal import ArgumentParser
internal import CommandLineKit
internal import Model
internal import OperatorWire

struct ServiceListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List every service ever seen, and how it is protected.")

  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let services: Items<ServiceBody> = try await connection.connect {
      try await $0.get("/v1/services")
    }
    try output.write(services) { serviceTable(services.items, now: .now(), wide: $0) }
  }
}
