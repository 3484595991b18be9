/// One container to run, in a pod of its own.
package struct Workload: Sendable {
  /// The pod's and the container's name, and the value of the label `app`.
  package var name: String
  package var command: [String]
  package var account: Account
  package var environment: [String: String]
  package var mounts: [Mount]

  /// A directory or file of the node, seen in the container.
  package struct Mount: Hashable, Sendable {
    package var source: String
    package var target: String
    package var isReadOnly: Bool

    package init(_ source: String, at target: String, isReadOnly: Bool = false) {
      self.source = source
      self.target = target
      self.isReadOnly = isReadOnly
    }
  }

  package init(
    name: String, command: [String], account: Account, environment: [String: String] = [:],
    mounts: [Mount]
  ) {
    self.name = name
    self.command = command
    self.account = account
    self.environment = environment
    self.mounts = mounts
  }
}
