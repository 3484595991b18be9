internal import ArgumentParser
internal import CommandLineKit
internal import Model
internal import OperatorWire

struct OperatorRevokeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke",
    abstract: "Revoke an operator: every certificate of that name issued until now is refused.")

  @Argument(help: "The operator's name.", completion: completion(.operatorName), transform: name)
  var operatorName: OperatorName
  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    let name = operatorName
    let revoked: OperatorBody = try await connection.connect {
      try await $0.post("/v1/operators/\(name)/revoke", Nothing())
    }
    printText("operator \(name) is revoked; the next request is refused\n")
    if revoked.issuedAt == nil {
      printError("no certificate of \(name) has been seen: is the name right?")
    }
  }

  private struct Nothing: Encodable {}
}
