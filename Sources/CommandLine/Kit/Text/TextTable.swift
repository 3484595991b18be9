/// Rows under headings, columns two spaces apart, nothing after the last cell of a line.
package struct TextTable: Sendable {
  package var headings: [String]
  package var rows: [[String]]

  package init(_ headings: [String], rows: [[String]] = []) {
    self.headings = headings
    self.rows = rows
  }

  /// The whole text; `empty` when there are no rows.
  package func text(empty: String) -> String {
    guard !rows.isEmpty else { return empty + "\n" }
    var widths = headings.map(\.count)
    for row in rows {
      for (column, cell) in row.enumerated() where column < widths.count {
        widths[column] = max(widths[column], cell.printable.count)
      }
    }
    return ([headings] + rows).map { Self.line($0.map(\.printable), widths) }.joined()
  }

  private static func line(_ cells: [String], _ widths: [Int]) -> String {
    var line = ""
    for (cell, width) in zip(cells, widths) {
      line += cell + String(repeating: " ", count: max(0, width - cell.count) + 2)
    }
    while line.last == " " { line.removeLast() }
    return line + "\n"
  }
}

extension String {
  /// Without control characters, which could move the cursor: names, labels and messages come from many places.
  /// Tabs and line ends become spaces.
  package var printable: String {
    guard unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
      return self
    }
    return String(
      String.UnicodeScalarView(
        unicodeScalars.map {
          guard $0.properties.generalCategory == .control else { return $0 }
          return $0.properties.isWhitespace ? " " : "\u{FFFD}"
        }))
  }

  func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}
