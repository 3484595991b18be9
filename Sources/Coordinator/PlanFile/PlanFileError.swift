internal import Yams

/// Why a text is no plan: everything that was found wrong, in the order of the text.
package struct PlanFileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// No more than this many issues are kept; the rest is counted.
  package static let mostIssues = 50

  package struct Issue: Hashable, Sendable, CustomStringConvertible {
    /// Counts from 1; nil when the issue has no single place.
    package var line: Int?
    /// For example `spec.services[1].hold[0].postgresql.port`; empty for the document itself.
    package var path: String
    package var message: String

    package init(line: Int?, path: String, message: String) {
      self.line = line
      self.path = path
      self.message = message
    }

    package var description: String {
      let place = [line.map { "line \($0)" }, path.isEmpty ? nil : path].compactMap { $0 }
      return (place + [message]).joined(separator: ": ")
    }
  }

  package var issues: [Issue]
  /// How many more issues there were.
  package var unreported: Int

  package init(issues: [Issue], unreported: Int = 0) {
    self.issues = issues
    self.unreported = unreported
  }

  init(_ message: String, line: Int? = nil) {
    self.init(issues: [Issue(line: line, path: "", message: message)])
  }

  /// One line per issue.
  package var description: String {
    let rest = unreported == 0 ? [] : ["and \(unreported) more"]
    return (issues.map(\.description) + rest).joined(separator: "\n")
  }
}

extension PlanFileError {
  /// Says in one sentence what the YAML parser found.
  init(_ error: YamlError) {
    switch error {
    case .scanner(let context, let problem, let mark, _),
      .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let where_ = context.map { " (\($0.text), line \($0.mark.line))" } ?? ""
      self.init("no valid YAML: \(problem)\(where_), column \(mark.column)", line: mark.line)
    case .reader(let problem, let offset, _, _):
      let place = offset.map { " at byte \($0)" } ?? ""
      self.init("no valid YAML: \(problem)\(place)")
    case .duplicatedKeysInMapping(let duplicates, let context):
      let names = duplicates.map { "'\($0)'" }.joined(separator: ", ")
      self.init(
        "key \(names) appears more than once in one mapping, first here", line: context.mark.line)
    default:
      self.init("no valid YAML: \(error)")
    }
  }
}
