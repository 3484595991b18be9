internal import ArgumentParser
internal import ConfigurationFile
internal import Identity
internal import Model

/// Operators' identities, made on the coordinator's host by whoever may read the authority's key.
struct OperatorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "operator", abstract: "Make identities for operators.", subcommands: [Create.self])

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write a new operator's key, certificate and configuration into a directory.")

    @OptionGroup var common: CommonOptions
    @Argument(help: "The operator's name, as the audit will show it.") var name: String
    @Option(help: "The directory to write into; it must not hold an identity yet.")
    var directory: String
    @Option(
      help:
        "How the operator reaches the API, host:port; the configuration's apiListen when it is not given."
    )
    var server: String?

    func run() async throws {
      let configuration = try CoordinatorConfiguration.read(common.config)
      let authority = try CertificateAuthority.open(
        directory: configuration.authorityDirectory, fleet: configuration.fleet)
      let files = OperatorFiles(directory: directory)
      guard try files.areMissing else {
        throw ConfigurationError("\(directory) holds an operator's identity already")
      }
      try files.write(
        try authority.issueOperator(OperatorName(name)),
        server: server ?? OperatorFiles.address(configuration))
      print("wrote \(directory): give it to \(name), whose STILLPOINT_CONFIG names it")
    }
  }
}
