internal import ArgumentParser
internal import DemoFleet
internal import FaultBench
internal import Glibc
internal import UnixSignals

/// `stillpoint-faults`: strikes a real fleet with every fault in every phase of a cut, and writes what came of it.
@main
struct StillpointFaults: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stillpoint-faults",
    abstract: "Strike a real fleet with every fault in every phase of a cut; needs root.")

  @Option(help: "Only cells whose name, phase/fault, contains this.")
  var filter = ""

  @Option(help: "Where to write the matrix; only a run of all cells writes it.")
  var output: String?

  @Option(help: "The root of the source tree.")
  var root = "."

  @Option(help: "How many fleets work through the cells side by side.")
  var fleets = 2

  @Flag(help: "Print the names of the cells and end.")
  var list = false

  func run() async throws {
    let cells = Cell.matching(filter)
    if list {
      for cell in cells { say(cell.name) }
      return
    }
    guard !cells.isEmpty else {
      throw ValidationError("no cell is called '\(filter)'; see --list")
    }
    guard geteuid() == 0 else {
      throw ValidationError(
        "it makes network namespaces, mounts and containers, and that needs root")
    }
    guard let here = realpath(root, nil) else {
      throw ValidationError("there is no directory \(root)")
    }
    defer { free(here) }
    let matrix = Matrix(
      programs: try ProgramSet(), files: .init(root: String(cString: here)), say: say)
    let fleets = fleets
    let ended = await untilInterrupted { try await matrix.run(cells, fleets: fleets) }
    let left = await matrix.sweep()
    for line in left { say("left behind: \(line)") }
    guard let outcomes = try ended.get() else { throw ExitCode(130) }
    if let output, filter.isEmpty { try report(outcomes).write(to: output) }
    let wrong = outcomes.filter { !$0.isRight }.count
    say("faults: \(outcomes.count - wrong) of \(outcomes.count) cells are right")
    if wrong > 0 || !left.isEmpty { throw ExitCode.failure }
  }

  private func report(_ outcomes: [Matrix.Outcome]) -> Report {
    Report(outcomes, cores: sysconf(Int32(_SC_NPROCESSORS_ONLN)))
  }

  /// Runs `body` until it ends or a signal cancels it; nil for the latter.
  private func untilInterrupted(
    _ body: @escaping @Sendable () async throws -> [Matrix.Outcome]
  ) async -> Result<[Matrix.Outcome]?, any Error> {
    let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
    return await withTaskGroup(of: Result<[Matrix.Outcome]?, any Error>.self) { group in
      group.addTask {
        for await signal in signals {
          say("interrupted by \(signal): cleaning up …")
          break
        }
        return .success(nil)
      }
      group.addTask {
        do { return .success(try await body()) } catch { return .failure(error) }
      }
      let first = await group.next() ?? .success(nil)
      group.cancelAll()
      await group.waitForAll()
      return first
    }
  }
}

/// A line, at once, also into a pipe.
private func say(_ text: String) {
  let bytes = Array((text + "\n").utf8)
  // Nobody reads any more: nothing to tell to anybody.
  _ = bytes.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
}
