internal import ArgumentParser
internal import CommandLineKit
internal import Model
internal import OperatorWire

struct ServiceShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a service, its containers and its last good backup.")

  @Argument(
    help: "The service: its name, or NAME.NAMESPACE where several are called so.",
    completion: completion(.service), transform: name)
  var service: ServiceReference
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let name = service
    let service: ServiceBody = try await connection.connect {
      try await $0.get("/v1/services/\(name)")
    }
    try output.write(service) { serviceText(service, now: .now(), wide: $0) }
  }
}
