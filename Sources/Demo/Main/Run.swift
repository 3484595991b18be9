internal import ArgumentParser
internal import DemoFleet
internal import Glibc
internal import UnixSignals

/// `stillpoint-demo run`
struct Run: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run the whole demonstration; ends with 'demo: passed' or 'demo: FAILED: reason'.")

  @Flag(help: "Leave the fleet running at the end, and say how to explore it.")
  var keep = false

  @Option(help: "How many cuts to take under load, 1 to 100.")
  var cuts = 3

  @Option(help: "The directory with the shop's scripts and plans.")
  var files = "demo"

  func validate() throws {
    guard (1...100).contains(cuts) else {
      throw ValidationError("--cuts must be 1 to 100, not \(cuts)")
    }
  }

  func run() async throws {
    let screen = Screen()
    guard geteuid() == 0 else {
      screen.fail("it makes network namespaces, mounts and containers, and that needs root")
      throw ExitCode.failure
    }
    await Clean.sweepAbandoned(screen)
    let directory: FleetDirectory
    do {
      directory = try FleetDirectory.create()
    } catch {
      screen.fail("\(FleetDirectory.base) could not be made: \(error)")
      throw ExitCode.failure
    }
    let ending = await attempt(in: directory, screen)
    if directory.isKept {
      screen.pass()
      return
    }
    screen.line("Cleaning up …")
    let left = await Sweep(of: directory).run(keepingLogs: !ending.isPassed)
    for line in left { screen.line("  left behind: \(line)") }
    switch ending {
    case .passed where left.isEmpty:
      screen.pass()
    case .passed:
      screen.fail("\(left.count) things were left behind")
      throw ExitCode.failure
    case .failed(let reason):
      screen.fail(reason)
      throw ExitCode.failure
    }
  }

  private enum Ending: Sendable {
    case passed
    case failed(String)

    var isPassed: Bool { if case .passed = self { true } else { false } }
  }

  /// The demonstration, or a signal, whichever comes first; the other is cancelled.
  private func attempt(in directory: FleetDirectory, _ screen: Screen) async -> Ending {
    let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
    let files = absolute(files)
    return await withTaskGroup(of: Ending?.self) { group in
      group.addTask {
        for await signal in signals { return .failed("interrupted by \(signal)") }
        // Cancelled: the demonstration has ended.
        return nil
      }
      group.addTask {
        do {
          let programs = try ProgramSet()
          let fleet = try await Fleet.create(
            in: directory, programs: programs, shopFiles: files)
          let demonstration = Demonstration(on: fleet, cuts: cuts, screen: screen)
          try await demonstration.run()
          if keep {
            try directory.keep()
            screen.lines(Exploration(of: fleet, directory: directory, programs: programs).text)
          }
          return .passed
        } catch is CancellationError {
          return nil
        } catch {
          return .failed(Self.reason(for: error, in: directory, screen))
        }
      }
      var ending: Ending?
      while ending == nil, let next = await group.next() { ending = next }
      group.cancelAll()
      return ending ?? .failed("it was cancelled")
    }
  }

  /// Shows what helps to find the cause, and answers the reason in one line.
  private static func reason(
    for error: any Error, in directory: FleetDirectory, _ screen: Screen
  ) -> String {
    let reason = "\(error)".split(separator: "\n").joined(separator: "; ")
    if let log = (error as? DemoError)?.log {
      screen.line("The end of \(log):")
      screen.lines(LogFile(log).lastLines(15), indent: 4)
    }
    screen.line("The logs of all programs are kept in \(directory.logs)")
    return reason
  }

  private func absolute(_ path: String) -> String {
    guard !path.hasPrefix("/"), let here = getcwd(nil, 0) else { return path }
    defer { free(here) }
    return String(cString: here) + "/" + path
  }
}
