package import Model

/// What one fault in one phase led to.
package struct CellResult: Sendable {
  package var cell: Cell
  /// The longest time between two acknowledged writes at any application that the fault did not strike itself.
  package var longestStall: Duration
  /// Where that was.
  package var stalled: String
  /// From the fault until a filesystem or store took writes again that did not at the fault: of all of them the one that
  /// came nearest to its bound. Zero when all took writes.
  package var heldAfter: Duration
  /// Where that was.
  package var heldAt: String
  /// What `heldAfter` may be there at most.
  package var bound: Duration
  package var grade: Grade
  package var attempts: Int
  /// The backup's own sentence.
  package var sentence: String
  /// Nil when the grade claims nothing that could be checked.
  package var isGradeRight: Bool?
  package var nextGrade: Grade?
  package var leftovers: [String]
  /// What is not as promised; empty for a cell that is right.
  package var complaints: [String]

  package var isRight: Bool { complaints.isEmpty }
}
