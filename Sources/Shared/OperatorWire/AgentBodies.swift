package import Model

/// A single-use enrolment token. Shown once, stored nowhere.
package struct TokenBody: Codable, Hashable, Sendable, CustomStringConvertible {
  package var node: NodeID
  package var token: String
  package var expires: Timestamp

  package init(node: NodeID, token: String, expires: Timestamp) {
    self.node = node
    self.token = token
    self.expires = expires
  }

  package var description: String { "token for \(node): <redacted>" }
}

/// Who did what.
package struct AuditBody: Codable, Hashable, Sendable {
  package var time: Timestamp
  /// An operator's or a node's name, or `coordinator`.
  package var actor: String
  /// `noun.verb`, for example `plan.apply`.
  package var action: String
  package var object: String
  package var detail: String

  package init(time: Timestamp, actor: String, action: String, object: String, detail: String) {
    self.time = time
    self.actor = actor
    self.action = action
    self.object = object
    self.detail = detail
  }
}

/// `GET /healthz`
package struct HealthBody: Codable, Hashable, Sendable {
  package var status: String

  package init(status: String) { self.status = status }
}
