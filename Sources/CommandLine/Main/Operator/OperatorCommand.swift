internal import ArgumentParser

struct OperatorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "operator", abstract: "Create, list, renew and revoke operators.",
    subcommands: [
      OperatorCreateCommand.self, OperatorListCommand.self, OperatorRenewCommand.self,
      OperatorRevokeCommand.self,
    ])
}
