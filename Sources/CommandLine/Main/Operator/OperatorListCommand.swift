internal import ArgumentParser
internal import CommandLineKit
internal import OperatorWire

struct OperatorListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the operators and their identities.")

  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let operators: Items<OperatorBody> = try await connection.connect {
      try await $0.get("/v1/operators")
    }
    try output.write(operators) { _ in operatorTable(operators.items) }
  }
}
