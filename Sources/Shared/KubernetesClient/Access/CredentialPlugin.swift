/// A program that hands out credentials (`client.authentication.k8s.io`).
package struct CredentialPlugin: Hashable, Sendable {
  package var apiVersion: String
  package var command: String
  package var arguments: [String]
  /// Added to this program's own environment.
  package var environment: [String: String]
  /// Whether the program is told which cluster it is for.
  package var providesClusterInfo: Bool
  /// What a user is told when the program is not there.
  package var installHint: String?

  package init(
    apiVersion: String, command: String, arguments: [String] = [],
    environment: [String: String] = [:], providesClusterInfo: Bool = false,
    installHint: String? = nil
  ) {
    self.apiVersion = apiVersion
    self.command = command
    self.arguments = arguments
    self.environment = environment
    self.providesClusterInfo = providesClusterInfo
    self.installHint = installHint
  }
}
