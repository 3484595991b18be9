package import Foundation
package import Model

/// What operators can see of the objects that belong to a backup.
package protocol ManifestOperations: Sendable {
  /// Those behind the place `after`, fewer than `limit` where they are large; none behind the last. Secrets have their content
  /// only when it is asked for, which the audit notes.
  func manifests(
    of id: BackupID, after: Int, limit: Int, secrets: Bool, author: String
  ) async throws(OperationError) -> [ShownManifest]
}

package struct ShownManifest: Hashable, Sendable {
  package var number: Int
  package var manifest: BackupManifest
  /// JSON in clear; nil for a Secret that is kept back.
  package var content: Data?

  package init(_ item: NumberedManifest, content: Data?) {
    number = item.number
    manifest = item.manifest
    self.content = content
  }
}

extension ManifestSummary {
  /// What there is and what is not, for people.
  package var sentence: String {
    switch state {
    case .pending: return "being read"
    case .failed: return "none: \(reason ?? "for no known reason")"
    case .complete, .partial:
      let objects =
        "\(count) objects of \(kinds.count) kinds, \(proved) as they were at the witness"
      var missing = reason.map { [$0] } ?? []
      missing += skipped.prefix(3).map { "not read: \($0.resource): \($0.reason)" }
      if skipped.count > 3 { missing.append("and \(skipped.count - 3) kinds more") }
      return ([objects] + missing).joined(separator: "; ")
    }
  }
}
