internal import ArgumentParser
internal import ConfigurationFile
internal import FleetLink
internal import Foundation
internal import Identity
internal import LinuxSystem
internal import Logging
internal import Telemetry

/// Gives this node its identity.
struct Enrol: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Enrol this node with a token from 'stillpoint agent token create'.")

  @OptionGroup var common: CommonOptions

  @Option(name: .long, help: "The file that holds the token; '-' reads standard input.")
  var tokenFile: String

  func run() async throws {
    LineLogHandler.bootstrap(level: common.logLevel.level)
    let configuration = try AgentConfiguration.read(common.config)
    let token = try EnrolmentToken(text: try readToken())
    guard token.node == configuration.node else {
      throw ConfigurationError(
        "the token is for node \(token.node), but \(common.config) says that this is \(configuration.node)"
      )
    }
    try DurableFile.makeDirectories(configuration.stateDirectory, mode: 0o700)
    let enrolment = AgentEnrolment(
      configuration: FleetLinkConfiguration(configuration),
      store: try CredentialStore(path: configuration.identityDirectory),
      logger: Logger(label: "agent"))
    let credential = try await enrolment.enrol(token)
    print("enrolled as \(credential.identity.uri), valid until \(credential.notAfter)")
  }

  private func readToken() throws -> String {
    let text: String?
    if tokenFile == "-" {
      text = readLine(strippingNewline: true)
    } else {
      text = try String(contentsOfFile: tokenFile, encoding: .utf8)
    }
    return (text ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
  }
}

extension FleetLinkConfiguration {
  init(_ configuration: AgentConfiguration) {
    self.init(
      host: configuration.coordinator.host, port: configuration.coordinator.port,
      enrolmentPort: configuration.enrolment.port)
  }
}
