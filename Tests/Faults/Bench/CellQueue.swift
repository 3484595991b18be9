internal import Model

/// The cells that are still to be run, and what became of the others.
actor CellQueue {
  private let cells: [Cell]
  private var rest: ArraySlice<Cell>
  private var found: [Matrix.Outcome] = []
  private let began = ContinuousClock.now

  init(_ cells: [Cell]) {
    self.cells = cells
    rest = cells[...]
  }

  func next() -> Cell? { rest.popFirst() }

  /// - Returns: how far the run is, for a line of progress.
  func add(_ outcome: Matrix.Outcome) -> String {
    found.append(outcome)
    return "[\((ContinuousClock.now - began).shortText)] \(found.count)/\(cells.count)"
  }

  /// In the order of the cells.
  var outcomes: [Matrix.Outcome] {
    cells.flatMap { cell in found.filter { $0.cell == cell } }
  }
}
