/// What every answer outside 2xx carries.
package struct ErrorBody: Codable, Hashable, Sendable {
  /// Few and stable: `not-found`, `conflict`, `invalid`, `forbidden`, `unavailable`, `too-large`,
  /// `method-not-allowed`, `internal`.
  package var code: String
  /// What was tried on what, and why it was not done.
  package var message: String
  /// What to do next, when there is something.
  package var hint: String?

  package init(code: String, message: String, hint: String? = nil) {
    self.code = code
    self.message = message
    self.hint = hint
  }
}
