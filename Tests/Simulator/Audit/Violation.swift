/// A property of `docs/invariants.md` that a run has broken.
struct Violation: CustomStringConvertible {
  var property: String
  var what: String
  var at: Duration

  var description: String { "\(property) at \(at): \(what)" }
}
