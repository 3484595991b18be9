internal import ArgumentParser
internal import CommandLineKit
internal import Model
internal import OperatorWire

struct PlanShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a plan as it was applied.")

  @Argument(help: "The plan.", completion: completion(.plan), transform: name)
  var plan: PlanName
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let name = plan
    let plan: PlanBody = try await connection.connect { try await $0.get("/v1/plans/\(name)") }
    try output.write(plan) { _ in planText(plan) }
  }
}
