package import Model

/// What a cluster knows of its agents' pods: whose token this is, and on which node that pod runs.
package protocol PodIdentity: Sendable {
  /// The node of the agent whose pod holds this token. Changes nothing; nothing is retried here.
  func node(ofToken token: String) async throws(PodIdentityError) -> NodeID
}

/// Why a pod's token names no node.
package struct PodIdentityError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Code: Hashable, Sendable {
    /// The cluster does not know the token as that of an agent; asking again cannot help.
    case refused
    /// The cluster cannot be asked now.
    case unavailable
  }

  package var code: Code
  /// For the one who showed the token; says nothing that only others may know.
  package var description: String
  /// For the coordinator's log alone: what the cluster answered.
  package var cause: String?

  package init(_ code: Code, _ description: String, cause: String? = nil) {
    self.code = code
    self.description = description
    self.cause = cause
  }
}
