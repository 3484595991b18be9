internal import ConfigurationFile
internal import Foundation
internal import Identity
internal import Model

/// The directory that the command line reads: where the API is, whom to believe, who one is.
struct OperatorFiles {
  let directory: String

  var areMissing: Bool {
    get throws { try PrivateDirectory(path: directory).read("operator.pem") == nil }
  }

  func write(_ credential: Credential, server: String) throws {
    let files = try PrivateDirectory(path: directory)
    try files.write("ca.pem", Data(credential.authorityPEM.utf8))
    try files.write("operator-key.pem", Data(credential.privateKeyPEM.utf8))
    try files.write(
      "config.yaml",
      Data("fleet: \(credential.identity.fleet)\nserver: \(server)\n".utf8))
    // Last: its presence says that the others are there.
    try files.write("operator.pem", Data(credential.certificatePEM.utf8))
  }

  /// How this host reaches its own API.
  static func address(_ configuration: CoordinatorConfiguration) -> String {
    let listen = configuration.apiListen
    switch listen.host {
    case "0.0.0.0": return "127.0.0.1:\(listen.port)"
    case "::": return "[::1]:\(listen.port)"
    default: return "\(listen)"
    }
  }
}
