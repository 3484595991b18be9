internal import ArgumentParser
internal import CommandLineKit
internal import Model
internal import OperatorWire

struct ServiceWhereCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "where", abstract: "Say where a service ran at a time, or runs now.",
    discussion: "Times in which nobody watched a node are named: there, the answer is unknown.")

  @Argument(
    help: "The service: its name, or NAME.NAMESPACE where several are called so.",
    completion: completion(.service), transform: name)
  var service: ServiceReference
  @Option(
    help: "The time, RFC 3339, for example 2026-03-04T05:06:07Z. Default: now.", transform: time)
  var at: Timestamp?
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var output: OutputOptions

  @Sendable private static func time(_ text: String) throws -> Timestamp {
    guard let time = Timestamp(text) else {
      throw ValidationError("'\(text)' is no time: write it as 2026-03-04T05:06:07Z")
    }
    return time
  }

  func run() async throws {
    let (service, at) = (service, at)
    let answer: WhereaboutsBody = try await connection.connect {
      try await $0.get(
        "/v1/services/\(service)/where", query: at.map { [("time", $0.description)] } ?? [])
    }
    try output.write(answer) { whereaboutsText(answer, wide: $0) }
  }
}
