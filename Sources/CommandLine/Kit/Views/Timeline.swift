package import CutProtocol
internal import Model

/// Draws every member's hold as a bar, each on its own clock, put together where its witness arrived.
///
/// The witness's receipt lies after the instant at which every member was held and before any thaw, so the bars
/// overlap there in truth; how far receipts were apart, nobody can know without comparing clocks.
package struct Timeline: Sendable {
  /// The characters of a drawing.
  package struct Style: Hashable, Sendable {
    var quiesce: Character
    var held: Character
    var thaw: Character
    var witness: Character
    var snapshot: Character
    var axis: Character

    package static let unicode = Style(
      quiesce: "░", held: "█", thaw: "▒", witness: "◆", snapshot: "━", axis: "│")
    package static let ascii = Style(
      quiesce: ".", held: "#", thaw: ":", witness: "W", snapshot: "=", axis: "|")
  }

  package var statements: [HoldStatement]
  /// Columns of the whole drawing; at least 60 are used.
  package var width: Int
  package var style: Style

  package init(statements: [HoldStatement], width: Int, style: Style) {
    self.statements = statements
    self.width = max(60, width)
    self.style = style
  }

  package var text: String {
    guard !statements.isEmpty else { return "no member's certificate: there is no hold to draw\n" }
    let scale = Scale(statements: statements, columns: barWidth)
    let lines = statements.flatMap { statement in
      [bar(of: statement, scale)] + statement.snapshots.map { bar(of: $0, in: statement, scale) }
    }
    return (lines + [axis(scale), legend]).map { line in
      var line = line
      while line.last == " " { line.removeLast() }
      return line + "\n"
    }.joined()
  }

  private var nameWidth: Int { min(24, statements.map(\.member.text.count).max() ?? 0) }
  private var nodeWidth: Int { min(16, statements.map(\.node.text.count).max() ?? 0) }
  /// Name, node and their gaps before the bar, a gap and the window after it.
  private var barWidth: Int { max(20, width - nameWidth - nodeWidth - 4 - 14) }

  private func bar(of statement: HoldStatement, _ scale: Scale) -> String {
    let steps = statement.steps
    let witness = steps.witnessReceived
    var cells = Array(repeating: Character(" "), count: scale.columns)
    func fill(_ from: Elapsed, _ to: Elapsed, _ character: Character) {
      for column in scale.columns(from.duration - witness.duration, to.duration - witness.duration)
      {
        cells[column] = character
      }
    }
    fill(steps.quiesceBegan, steps.held, style.quiesce)
    fill(steps.thawBegan, steps.thawEnded, style.thaw)
    fill(steps.held, steps.thawBegan, style.held)
    cells[scale.column(.zero)] = style.witness
    return label(statement.member.text, statement.node.text) + String(cells)
      + "  " + steps.window.shortText
  }

  private func bar(of snapshot: SnapshotRecord, in statement: HoldStatement, _ scale: Scale)
    -> String
  {
    let witness = statement.steps.witnessReceived.duration
    var cells = Array(repeating: Character(" "), count: scale.columns)
    let columns = scale.columns(
      snapshot.requested.duration - witness, snapshot.acknowledged.duration - witness)
    for column in columns { cells[column] = style.snapshot }
    let took = snapshot.acknowledged.duration - snapshot.requested.duration
    return label("", "") + String(cells) + "  \(took.shortText) \(snapshot.containerPath.printable)"
  }

  private func label(_ member: String, _ node: String) -> String {
    String(member.prefix(nameWidth)).padded(to: nameWidth) + "  "
      + String(node.prefix(nodeWidth)).padded(to: nodeWidth) + "  "
  }

  private func axis(_ scale: Scale) -> String {
    var cells = Array(repeating: Character(" "), count: scale.columns)
    let zero = scale.column(.zero)
    func write(_ text: String, at column: Int) {
      for (offset, character) in text.enumerated() where cells.indices.contains(column + offset) {
        cells[column + offset] = character
      }
    }
    let first = "-" + (.zero - scale.start).shortText
    let last = "+" + scale.end.shortText
    write(String(style.axis), at: zero)
    if first.count + 2 <= zero { write(first, at: 0) }
    if zero + 3 + last.count <= scale.columns { write(last, at: scale.columns - last.count) }
    return label("", "") + String(cells)
  }

  private var legend: String {
    "\(style.quiesce) quiesce  \(style.held) held  \(style.witness) witness  \(style.thaw) thaw  "
      + "\(style.snapshot) snapshot; time from each member's receipt of the witness"
  }
}

/// Maps moments relative to the witness to columns.
private struct Scale {
  var start: Duration
  var end: Duration
  var columns: Int

  init(statements: [HoldStatement], columns: Int) {
    func moments(_ statement: HoldStatement) -> [Duration] {
      let steps = statement.steps
      let all =
        [steps.quiesceBegan, steps.held, steps.thawBegan, steps.thawEnded]
        + statement.snapshots.flatMap { [$0.requested, $0.acknowledged] }
      return all.map { $0.duration - steps.witnessReceived.duration }
    }
    let all = statements.flatMap(moments) + [.zero]
    start = all.min() ?? .zero
    end = all.max() ?? .zero
    self.columns = columns
  }

  func column(_ moment: Duration) -> Int {
    let whole = (end - start).wholeNanoseconds
    guard whole > 0 else { return 0 }
    let share = Double((moment - start).wholeNanoseconds) / Double(whole)
    return min(max(Int((share * Double(columns - 1)).rounded()), 0), columns - 1)
  }

  /// At least one column: what was too short to see still happened.
  func columns(_ from: Duration, _ to: Duration) -> ClosedRange<Int> {
    let first = column(from)
    return first...max(first, column(to))
  }
}
