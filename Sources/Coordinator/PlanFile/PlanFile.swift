package import Model
internal import YAMLBounds
internal import Yams

/// The text form of a `BackupPlan`: the YAML that `stillpoint plan apply -f` reads.
package enum PlanFile {
  /// The longest text that is read.
  package static let longestText = 1 << 20
  /// The value of `apiVersion`.
  package static let apiVersion = "stillpoint.dev/v1alpha1"
  /// The value of `kind`.
  package static let kind = "BackupPlan"

  /// Reads a plan and checks everything that can be checked without the fleet.
  ///
  /// Throws every issue that was found, up to `PlanFileError.mostIssues`; a text that is no YAML at all has one.
  package static func parse(_ text: String) throws(PlanFileError) -> BackupPlan {
    guard text.utf8.count <= longestText else {
      throw PlanFileError(
        "the plan has \(text.utf8.count) bytes; at most \(longestText) are read")
    }
    if let alias = AliasScan.firstAlias(in: text) {
      throw PlanFileError(
        "alias '*\(alias.name)' is not allowed in a plan: write the value out where it is needed",
        line: alias.line)
    }
    do {
      try YAMLBounds.check(text)
    } catch {
      throw PlanFileError("\(error)", line: error.line)
    }
    guard let root = try document(of: text) else {
      throw PlanFileError("the plan is empty; expected a mapping that begins with 'apiVersion'")
    }
    return try plan(root)
  }

  /// Reads a plan that is an object already, by the same rules and with the same messages, but for lines.
  package static func parse(_ value: PlanValue) throws(PlanFileError) -> BackupPlan {
    try plan(value.node)
  }

  /// What the fleet calls the plan of that name in a namespace. No namespace has a dot in its name, so no two are the same.
  package static func name(_ name: String, in namespace: String) -> String {
    "\(name).\(namespace)"
  }

  private static func plan(_ root: Node) throws(PlanFileError) -> BackupPlan {
    var reader = PlanReader()
    let plan = reader.plan(Place(root, path: ""))
    guard let plan, reader.issues.isEmpty else {
      // Checks across services come after those within them.
      let inOrder = reader.issues.enumerated().sorted {
        ($0.element.line ?? 0, $0.offset) < ($1.element.line ?? 0, $1.offset)
      }
      throw PlanFileError(issues: inOrder.map(\.element), unreported: reader.unreported)
    }
    return plan
  }

  /// The text that `parse` reads back as an equal plan.
  package static func text(of plan: BackupPlan) -> String { PlanText.text(of: plan) }

  /// As `text(of:)`, with comments; a reader skips them.
  package static func text(of plan: BackupPlan, comments: PlanComments) -> String {
    PlanText.text(of: plan, comments: comments)
  }

  private static func document(of text: String) throws(PlanFileError) -> Node? {
    do {
      return try Yams.compose(yaml: text)
    } catch let error as YamlError {
      throw PlanFileError(error)
    } catch {
      throw PlanFileError("the plan cannot be read as YAML: \(error)")
    }
  }
}
