internal import ArgumentParser
internal import CommandLineKit
internal import Model

struct PlanDeleteCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Delete a plan. Its backups stay.")

  @Argument(help: "The plan.", completion: completion(.plan), transform: name)
  var plan: PlanName
  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    let name = plan
    try await connection.connect { try await $0.delete("/v1/plans/\(name)") }
    printText("plan \(name) is deleted; its backups stay\n")
  }
}
