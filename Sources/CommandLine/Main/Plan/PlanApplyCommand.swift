internal import ArgumentParser
internal import CommandLineKit
internal import Foundation
internal import OperatorWire

struct PlanApplyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apply", abstract: "Store a plan, or a new revision of it.")

  @Option(
    name: .short, help: "The plan's file; - reads standard input.",
    completion: .file(extensions: ["yaml", "yml"]))
  var file: String
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let text = try inputText(file, upTo: 256 * 1024)
    let plan: PlanBody = try await connection.connect {
      try await $0.put("/v1/plans", yaml: text)
    }
    try output.write(plan) { _ in
      "plan \(plan.name) is stored as revision \(plan.revision); rehearse it with: "
        + "stillpoint plan check \(plan.name)\n"
    }
  }
}
