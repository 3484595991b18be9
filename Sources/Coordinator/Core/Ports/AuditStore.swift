package import Model

/// Who did what; entries are only ever added.
package protocol AuditStore: Sendable {
  /// Durable when it returns.
  func audit(_ entry: AuditEntry) async throws(CatalogError)
  /// Newest first.
  func auditEntries(limit: Int) async throws(CatalogError) -> [AuditEntry]
}

package struct AuditEntry: Hashable, Codable, Sendable {
  package var time: Timestamp
  /// An operator's or a node's name, or `coordinator`.
  package var actor: String
  /// `noun.verb`, for example `plan.apply`.
  package var action: String
  package var object: String
  package var detail: String

  package init(time: Timestamp, actor: String, action: String, object: String, detail: String = "")
  {
    self.time = time
    self.actor = actor
    self.action = action
    self.object = object
    self.detail = detail
  }
}
