import DemoFleet
import FaultBench
import Testing

/// A part of the fault matrix, one cell of each kind; all of it is `make faults`.
@Suite(.serialized, .enabled(if: isRoot, needsRoot))
struct FaultTests {
  private static let cells = [
    Cell(.held, .kill(.coordinator)), Cell(.held, .kill(.agent)), Cell(.held, .stop(.agent)),
    Cell(.witnessed, .kill(.guardian)), Cell(.held, .kill(.agentAndGuardian)),
    Cell(.held, .linkDown), Cell(.held, .diskFull), Cell(.freeze, .thirdPartyThaw),
    Cell(.thaw, .hookHangs),
  ]

  @Test(.timeLimit(.minutes(15)))
  func `whatever dies in a cut, nothing stays held, no grade is wrong, and nothing is left`()
    async throws
  {
    try await withFleetDirectory { directory in
      let bench = try await Bench.create(
        in: directory, programs: try ProgramSet(), files: .init(root: try sourceRoot()))
      for cell in Self.cells {
        let result = try await bench.run(cell)
        #expect(result.complaints == [], "\(cell.name): \(result.sentence)")
      }
      // The fleet is taken down while everything is held: nothing may be left of that either.
      _ = try await bench.reach(.held)
    }
  }
}
