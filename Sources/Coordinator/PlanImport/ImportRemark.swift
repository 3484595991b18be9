/// What became of one thing that was read.
package struct ImportRemark: Hashable, Sendable, Codable {
  package enum Outcome: String, Hashable, Sendable, Codable, CaseIterable {
    /// Stands in the plan and means the same.
    case carried
    /// Stands in the plan, but not as it was; the text says what is different.
    case changed
    /// Is not in the plan.
    case notCarried = "not carried"
  }

  package var outcome: Outcome
  /// For example `Pod shop/orders-0`.
  package var object: String
  /// The annotation's name or the field's path within the object; empty for the object itself.
  package var field: String
  /// The file that it was read from, as the caller named it.
  package var file: String
  /// Counts from 1; nil when unknown.
  package var line: Int?
  /// What happened and why. Never quotes a command's arguments: passwords stand there.
  package var text: String
}

/// Where something was read.
struct Origin: Hashable {
  var file: String
  var line: Int?
  var object: String
  var field: String = ""

  func at(_ field: String, line: Int? = nil) -> Origin {
    var origin = self
    origin.field = field
    origin.line = line ?? self.line
    return origin
  }

  /// For a comment: the object and the field.
  var text: String { field.isEmpty ? object : "\(object), \(field)" }
}

/// Remarks in the order they were made, each once.
struct RemarkLog {
  /// So many of each outcome are kept, the others counted: what was lost is not crowded out by what was not.
  static let most = 1000

  private(set) var remarks: [ImportRemark] = []
  private(set) var unreported = 0
  private(set) var lostSomething = false
  private var seen: Set<ImportRemark> = []
  private var counts: [ImportRemark.Outcome: Int] = [:]

  mutating func add(_ outcome: ImportRemark.Outcome, _ origin: Origin, _ text: String) {
    if outcome == .notCarried { lostSomething = true }
    let remark = ImportRemark(
      outcome: outcome, object: origin.object, field: origin.field, file: origin.file,
      line: origin.line, text: text)
    guard seen.insert(remark).inserted else { return }
    guard counts[outcome, default: 0] < Self.most else {
      unreported += 1
      return
    }
    counts[outcome, default: 0] += 1
    remarks.append(remark)
  }
}
