/// A command that a restore runs in a service's pod once its workload runs again, before those that depend on the service
/// are started.
package struct RestoreHook: Hashable, Codable, Sendable {
  /// What becomes of the restore when the command fails.
  package enum OnFailure: String, CaseIterable, Hashable, Codable, Sendable {
    /// It ends, and what comes later is not started.
    case fail
    /// It goes on, and says at its end what failed.
    case `continue`
  }

  /// The container's name within the service's pod; nil means the service's own.
  package var container: String?
  /// The program and its arguments; no shell reads them.
  package var command: [String]
  package var timeout: Elapsed
  package var onFailure: OnFailure

  package static let defaultTimeout = Duration.seconds(30)
  /// Whoever waits for a restore sees one that hangs.
  package static let longestTimeout = Duration.seconds(3600)
  /// Hooks of one service.
  package static let most = 16

  package init(
    container: String? = nil, command: [String], timeout: Duration = defaultTimeout,
    onFailure: OnFailure = .fail
  ) {
    self.container = container
    self.command = command
    self.timeout = Elapsed(timeout)
    self.onFailure = onFailure
  }
}
