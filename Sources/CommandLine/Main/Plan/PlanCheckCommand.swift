internal import ArgumentParser
internal import CommandLineKit
internal import Model
internal import OperatorWire

struct PlanCheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Rehearse a plan without holding anything: predicted window, grade, hazards.",
    discussion: "Exit status 3 when a cut now would not earn the grade that the plan requires.")

  @Argument(help: "The plan.", completion: completion(.plan), transform: name)
  var plan: PlanName
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let name = plan
    let check: PlanCheckBody = try await connection.connect {
      try await $0.get("/v1/plans/\(name)/check")
    }
    try output.write(check) { planCheckText(check, wide: $0) }
    try ExitWith.unlessMet(check.passes)
  }
}
