/// A Markdown table whose columns stand below each other, so that it can be read as it is.
struct Table {
  let headings: [String]
  var rows: [[String]] = []

  var text: String {
    let widths = headings.indices.map { column in
      ([headings] + rows).map { $0[column].count }.max() ?? 0
    }
    func line(_ cells: [String]) -> String {
      let padded = zip(cells, widths).enumerated().map { column, cell in
        let padding = String(repeating: " ", count: cell.1 - cell.0.count)
        // Figures stand at the right, names at the left.
        return column == 0 ? cell.0 + padding : padding + cell.0
      }
      return "| " + padded.joined(separator: " | ") + " |"
    }
    let rule = widths.enumerated().map { column, width in
      String(repeating: "-", count: max(1, width - (column == 0 ? 0 : 1)))
        + (column == 0 ? "" : ":")
    }
    return ([line(headings), "| " + rule.joined(separator: " | ") + " |"] + rows.map(line))
      .joined(separator: "\n")
  }
}

extension Double {
  /// Milliseconds, with as many digits as mean something.
  var milliseconds: String { digits(self < 10 ? 2 : self < 100 ? 1 : 0) }

  /// With that many digits after the point.
  func digits(_ count: Int) -> String {
    var scale = 1.0
    for _ in 0..<count { scale *= 10 }
    let whole = Int64((self * scale).rounded())
    guard count > 0 else { return "\(whole)" }
    let fraction = "\(abs(whole) % Int64(scale))"
    let zeros = String(repeating: "0", count: count - fraction.count)
    return "\(whole < 0 ? "-" : "")\(abs(whole) / Int64(scale)).\(zeros)\(fraction)"
  }
}
