package import Model

/// One CSI driver of this node, as the agent's configuration names it.
package struct CSIDriverConfiguration: Hashable, Sendable {
  /// What the driver must call itself.
  package var name: DriverName
  /// The path of its Unix socket.
  package var socket: String
  /// Sent with every call that may need them (CSI specification, "Secrets Requirements").
  package var secrets: [String: Secret]
  /// Opaque parameters of new snapshots.
  package var snapshotParameters: [String: String]
  /// Opaque parameters of new volumes.
  package var volumeParameters: [String: String]

  package init(
    name: DriverName, socket: String, secrets: [String: Secret] = [:],
    snapshotParameters: [String: String] = [:], volumeParameters: [String: String] = [:]
  ) {
    self.name = name
    self.socket = socket
    self.secrets = secrets
    self.snapshotParameters = snapshotParameters
    self.volumeParameters = volumeParameters
  }

  var wireSecrets: [String: String] { secrets.mapValues(\.revealed) }
}

/// How long calls to a driver may take, repetitions included.
package struct CSITimeLimits: Hashable, Sendable {
  /// Identity, capabilities, lists.
  package var question: Duration
  /// Cutting a snapshot: the application is held meanwhile.
  package var cut: Duration
  /// Everything else: making volumes, mounting, deleting.
  package var change: Duration

  package init(
    question: Duration = .seconds(5), cut: Duration = .seconds(10), change: Duration = .seconds(120)
  ) {
    self.question = question
    self.cut = cut
    self.change = change
  }
}
