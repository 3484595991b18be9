internal import ArgumentParser
internal import CommandLineKit
internal import Model

struct OperatorCreateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Make another operator's identity.",
    discussion: """
      Writes key, certificate and configuration into a directory, which the operator then names with --config or \
      STILLPOINT_CONFIG. The key is made here and goes nowhere else.
      """)

  @Argument(help: "The operator's name, as the audit will show it.", transform: name)
  var operatorName: OperatorName
  @Option(
    help: "The directory to write into; it must not hold an identity yet.", completion: .directory)
  var directory: String
  @Option(help: "How the operator reaches the coordinator, host:port; as you do when not given.")
  var server: String?
  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    let settings = try connection.settings()
    let name = operatorName
    let directory = directory
    let server = server
    let end = try await connection.connect {
      try await OperatorDirectory.create(
        name, in: directory, server: server, by: settings, over: $0)
    }
    printText("wrote \(directory): the identity of \(name), valid until \(end)\n")
  }
}
