internal import ArgumentParser
internal import CommandLineKit
internal import OperatorWire

struct PlanListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "list", abstract: "List the plans.")

  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let plans: Items<PlanBody> = try await connection.connect { try await $0.get("/v1/plans") }
    try output.write(plans) { planTable(plans.items, wide: $0) }
  }
}
