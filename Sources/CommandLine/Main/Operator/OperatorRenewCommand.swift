internal import ArgumentParser
internal import CommandLineKit

struct OperatorRenewCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "renew", abstract: "Replace your own certificate before it expires.",
    discussion: """
      The key stays. An expired certificate cannot be renewed: another operator creates a new one.
      """)

  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    let settings = try connection.settings()
    let end = try await connection.connect { try await OperatorDirectory.renew(settings, over: $0) }
    printText("your certificate is valid until \(end)\n")
  }
}
