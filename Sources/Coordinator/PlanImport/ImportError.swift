/// Why nothing was imported: everything that was found wrong with what was read.
package struct ImportError: Error, Hashable, Sendable, CustomStringConvertible {
  /// No more than this many issues are kept; the rest is counted.
  package static let mostIssues = 50

  package struct Issue: Hashable, Sendable, CustomStringConvertible {
    /// The file, as the caller named it; empty when it is none of one file.
    package var file: String
    /// Counts from 1; nil when the issue has no single place.
    package var line: Int?
    package var message: String

    package var description: String {
      let place = file.isEmpty ? "" : file + (line.map { ":\($0)" } ?? "") + ": "
      return place + message
    }
  }

  package var issues: [Issue]
  /// How many more issues there were.
  package var unreported: Int

  init(issues: [Issue], unreported: Int = 0) {
    self.issues = issues
    self.unreported = unreported
  }

  init(_ message: String, file: String = "", line: Int? = nil) {
    self.init(issues: [Issue(file: file, line: line, message: message)])
  }

  /// One line per issue.
  package var description: String {
    let rest = unreported == 0 ? [] : ["and \(unreported) more"]
    return (issues.map(\.description) + rest).joined(separator: "\n")
  }
}

/// Collects issues up to the bound.
struct IssueLog {
  private(set) var issues: [ImportError.Issue] = []
  private(set) var unreported = 0

  mutating func note(_ field: Field, _ message: String) {
    let path = field.path.isEmpty ? "" : "\(field.path): "
    note(file: field.file, line: field.line, path + message)
  }

  mutating func note(file: String, line: Int?, _ message: String) {
    guard issues.count < ImportError.mostIssues else {
      unreported += 1
      return
    }
    issues.append(ImportError.Issue(file: file, line: line, message: message))
  }

  var error: ImportError? {
    issues.isEmpty ? nil : ImportError(issues: issues, unreported: unreported)
  }
}
