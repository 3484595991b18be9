/// A label selector, as far as it was understood.
struct LabelSelection: Hashable {
  /// What `matchLabels` says, and those expressions that say the same.
  var labels: [String: String] = [:]
  /// Expressions that no plan can say; they still decide which of the given pods match.
  var expressions: [Expression] = []

  struct Expression: Hashable {
    var key: String
    var comparison: String
    var values: [String]
  }

  var isEmpty: Bool { labels.isEmpty && expressions.isEmpty }

  func matches(_ other: [String: String]) -> Bool {
    labels.allSatisfy { other[$0.key] == $0.value }
      && expressions.allSatisfy { $0.matches(other) }
  }

  /// Reads Kubernetes' `LabelSelector`; nil where there is none.
  init?(_ field: Field, _ log: inout IssueLog) {
    guard field.exists else { return nil }
    labels = field["matchLabels"].dictionary(&log)
    for element in field["matchExpressions"].list(&log) {
      let expression = Expression(
        key: element["key"].text(&log) ?? "", comparison: element["operator"].text(&log) ?? "",
        values: element["values"].texts(&log) ?? [])
      guard ["In", "NotIn", "Exists", "DoesNotExist"].contains(expression.comparison) else {
        log.note(element["operator"], "expected In, NotIn, Exists or DoesNotExist")
        continue
      }
      if expression.comparison == "In", expression.values.count == 1,
        labels[expression.key] == nil
      {
        labels[expression.key] = expression.values[0]
      } else {
        expressions.append(expression)
      }
    }
  }

  init(labels: [String: String]) { self.labels = labels }
}

extension LabelSelection.Expression {
  func matches(_ labels: [String: String]) -> Bool {
    switch comparison {
    case "In": labels[key].map { values.contains($0) } ?? false
    case "NotIn": labels[key].map { !values.contains($0) } ?? true
    case "Exists": labels[key] != nil
    default: labels[key] == nil
    }
  }
}
