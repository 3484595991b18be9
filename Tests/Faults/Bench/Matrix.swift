package import DemoFleet
internal import Model
internal import Synchronization

/// Runs cells one after the other, on a fleet for as long as that is whole.
package final class Matrix: Sendable {
  private let programs: ProgramSet
  private let files: Bench.SourceFiles
  private let say: @Sendable (String) -> Void
  /// Fleets that are on the machine now.
  private let standing = Mutex<Set<FleetDirectory>>([])

  package init(
    programs: ProgramSet, files: Bench.SourceFiles, say: @escaping @Sendable (String) -> Void
  ) {
    self.programs = programs
    self.files = files
    self.say = say
  }

  /// What became of one cell.
  package enum Outcome: Sendable {
    case result(CellResult)
    /// It did not come to its end.
    case broken(Cell, String)

    package var isRight: Bool {
      if case .result(let result) = self { result.isRight } else { false }
    }
  }

  /// Runs the cells on several fleets side by side; each outcome is said as it comes, and they are answered in the order of
  /// the cells. Whatever a fleet leaves on the machine becomes an outcome too.
  ///
  /// - Parameter fleets: two keep two cores busy: most of a cell is waiting for leases, pauses and outages.
  package func run(_ cells: [Cell], fleets: Int) async throws -> [Outcome] {
    let queue = CellQueue(cells)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<max(1, min(fleets, cells.count)) {
        group.addTask { try await self.work(through: queue) }
      }
      try await group.waitForAll()
    }
    return await queue.outcomes
  }

  /// Takes cells until none is left, on one fleet for as long as that is whole.
  private func work(through queue: CellQueue) async throws {
    while let first = await queue.next() {
      let left = try await withFleet { bench in
        var next: Cell? = first
        while let cell = next {
          let began = ContinuousClock.now
          let outcome = try await outcome(of: cell, on: bench)
          let time = (ContinuousClock.now - began).shortText
          say("\(await queue.add(outcome)) \(cell.name): \(outcome.text) (\(time))")
          // Nobody knows what a cell left that did not come to its end, or that went wrong.
          guard outcome.isRight else { return }
          next = await queue.next()
        }
      }
      if !left.isEmpty {
        let outcome = Outcome.broken(first, "left on the machine: \(left.joined(separator: "; "))")
        say("\(await queue.add(outcome)) \(first.name): \(outcome.text)")
      }
    }
  }

  private func outcome(of cell: Cell, on bench: Bench) async throws -> Outcome {
    do {
      return .result(try await bench.run(cell))
    } catch let error as DemoError {
      return .broken(cell, "\(error)\(error.log.map { ", see \($0)" } ?? "")")
    }
  }

  /// - Returns: what could not be taken off the machine afterwards. A fleet whose `body` throws is left to ``sweep()``.
  private func withFleet(_ body: (Bench) async throws -> Void) async throws -> [String] {
    let directory = try FleetDirectory.create()
    standing.withLock { _ = $0.insert(directory) }
    try await body(try await Bench.create(in: directory, programs: programs, files: files))
    let left = await Sweep(of: directory).run()
    standing.withLock { _ = $0.remove(directory) }
    return left
  }

  /// Takes the fleets off the machine that a cancelled or failed run has left, but not their logs. Not to be called in a task
  /// that may be cancelled: it runs programs, which then end at once.
  ///
  /// - Returns: what could not be removed.
  package func sweep() async -> [String] {
    var left: [String] = []
    for directory in standing.withLock({ $0 }) {
      left += await Sweep(of: directory).run(keepingLogs: true)
      say("the logs of the last fleet are kept in \(directory.logs)")
    }
    return left
  }
}

extension Matrix.Outcome {
  /// One line.
  package var text: String {
    switch self {
    case .broken(_, let why): return "BROKEN: \(why)"
    case .result(let result):
      let grade = "\(result.grade.rawValue) in \(result.attempts) attempt(s)"
      let times = "stall \(result.longestStall.shortText) (\(result.stalled))"
      let held = "held after \(result.heldAfter.shortText)"
      let facts = "\(times), \(held), \(grade): \(result.sentence)"
      return result.isRight
        ? facts : "WRONG: \(result.complaints.joined(separator: "; ")); \(facts)"
    }
  }
}
