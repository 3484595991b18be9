package import Model

/// What the text of a plan says beside it, for people.
package struct PlanComments: Hashable, Sendable {
  /// Lines before everything else.
  package var heading: [String] = []
  /// Behind the environment.
  package var environment: String?
  /// Behind the grade that is required.
  package var requires: String?
  /// Lines before a service.
  package var services: [ServiceName: [String]] = [:]
  /// Behind each hold of a service, in order; empty ones are left out.
  package var holds: [ServiceName: [String]] = [:]
  /// Behind each of a service's restore hooks, in order; empty ones are left out.
  package var hooks: [ServiceName: [String]] = [:]

  package init() {}

  /// A comment's text on one line, or nothing.
  ///
  /// Comments quote names that others chose: what could end the line or be taken for an alias is replaced.
  static func line(_ text: String?) -> String {
    guard let text, !text.isEmpty else { return "" }
    let visible = text.unicodeScalars.prefix(1000).map { scalar -> Character in
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned,
        .privateUse:
        "?"
      default: scalar == "*" || scalar == "&" ? "+" : Character(scalar)
      }
    }
    return "  # " + String(visible)
  }
}
