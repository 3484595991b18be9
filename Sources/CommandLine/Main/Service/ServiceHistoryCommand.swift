internal import ArgumentParser
internal import CommandLineKit
internal import Model
internal import OperatorWire

struct ServiceHistoryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history", abstract: "List where a service ran, newest first.")

  @Argument(
    help: "The service: its name, or NAME.NAMESPACE where several are called so.",
    completion: completion(.service), transform: name)
  var service: ServiceReference
  @OptionGroup var list: ListOptions
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let (service, list) = (service, list)
    let intervals: Items<IntervalBody> = try await connection.connect {
      try await $0.get("/v1/services/\(service)/history", query: list.query)
    }
    try output.write(intervals) {
      intervalTable(intervals.items, wide: $0, empty: "\(service) was never seen")
    }
  }
}
