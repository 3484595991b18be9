internal import ArgumentParser
internal import DemoFleet
internal import FoundationEssentials
internal import Glibc
internal import Model
internal import UnixSignals

/// `stillpoint-bench`: how long members are held, against other orders and against the limit.
@main
struct StillpointBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stillpoint-bench",
    abstract: "Measure the window; ends with 'bench: done' or 'bench: FAILED: reason'.")

  @Option(help: "Sizes of the real fleets, separated by commas; 'none' for none.")
  var members = "3,10,30"

  @Option(help: "Sizes of the simulated fleets, separated by commas; 'none' for none.")
  var simulated = "50,500,1000"

  @Option(help: "Cuts in each run and order; by default as many as the time allows.")
  var cuts: Int?

  @Option(help: "Runs, whose percentiles' median is shown.")
  var runs = 3

  @Option(help: "Durable writes a second of each member.")
  var rate = 10

  @Option(help: "Seconds over which the idle cost is measured; 0 leaves it out.")
  var idle = 60

  @Option(help: "The file that gets the figures; none by default.")
  var output: String?

  @Option(help: "The source tree, for the members' scripts.")
  var source = "."

  func validate() throws {
    _ = try sizes(members)
    _ = try sizes(simulated)
    guard (1...1000).contains(cuts ?? 1), (1...20).contains(runs), (1...1000).contains(rate),
      (0...600).contains(idle)
    else { throw ValidationError("--cuts, --runs, --rate or --idle is out of its range") }
  }

  func run() async throws {
    let screen = Screen()
    let begin = ContinuousClock.now
    guard geteuid() == 0 else {
      screen.line(
        "bench: FAILED: it makes network namespaces, mounts and containers, and that needs root")
      throw ExitCode.failure
    }
    for old in FleetDirectory.all() where !old.isOwned && !old.isKept {
      _ = await Sweep(of: old).run()
    }
    let directory = try FleetDirectory.create()
    let failure = await attempt(in: directory, screen)
    if failure != nil { keepContainerLogs(of: directory) }
    screen.line("cleaning up …")
    let left = await Sweep(of: directory).run(keepingLogs: failure != nil)
    for line in left { screen.line("  left behind: \(line)") }
    screen.line("\((ContinuousClock.now - begin).shortText) in all")
    if let failure {
      screen.line("the logs of all programs are kept in \(directory.logs)")
      screen.line("bench: FAILED: \(failure)")
      throw ExitCode.failure
    }
    screen.line("bench: done")
  }

  /// What the members said, beside the logs of the programs, which outlive the sweep.
  private func keepContainerLogs(of directory: FleetDirectory) {
    let files = FileManager.default
    for node in 1...3 {
      let pods = "\(directory.path)/node-\(node)/pods"
      // A node that never came so far has none.
      for pod in (try? files.contentsOfDirectory(atPath: pods)) ?? [] {
        for log in (try? files.contentsOfDirectory(atPath: "\(pods)/\(pod)")) ?? [] {
          try? files.copyItem(atPath: "\(pods)/\(pod)/\(log)", toPath: "\(directory.logs)/\(log)")
        }
      }
    }
  }

  /// The measurement, or a signal, whichever comes first; answers why it failed.
  private func attempt(in directory: FleetDirectory, _ screen: Screen) async -> String? {
    let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
    return await withTaskGroup(of: String??.self) { group in
      group.addTask {
        for await signal in signals { return .some("interrupted by \(signal)") }
        return nil
      }
      group.addTask {
        do {
          try await measure(in: directory, screen)
          return .some(nil)
        } catch is CancellationError {
          return nil
        } catch {
          return .some("\(error)")
        }
      }
      defer { group.cancelAll() }
      while let ending = await group.next() {
        if let ending { return ending }
      }
      return "it was cancelled"
    }
  }

  private func measure(in directory: FleetDirectory, _ screen: Screen) async throws {
    let realSizes = try sizes(members)
    var report = Report(machine: Machine(), rate: rate)
    screen.line("order to report …")
    let probe = try await RoundTripProbe.run()
    report.probe = probe
    screen.line(
      "  \(probe.alone.p50.milliseconds) ms at the median, \(probe.each.shortText) each of many")

    let imagined = SimulatedMeasurement(runs: runs, cuts: cuts ?? 30, probe: probe, screen: screen)
    for size in try sizes(simulated) {
      let samples = try imagined.measure(size)
      // Virtual time has its own network.
      guard let figures = samples.figures(roundTrip: Latencies.roundTrip) else { continue }
      report.simulated.append(figures)
      show(figures, screen)
    }
    if let largest = realSizes.max() {
      let fleet = BenchFleet(
        fleet: try await Fleet.create(
          in: directory, programs: try ProgramSet(), shopFiles: absolute(source) + "/demo"),
        members: BenchMember.first(largest),
        files: absolute(source) + "/Tests/Benchmarks/Workloads",
        rate: rate)
      try await fleet.start(screen)
      for size in realSizes {
        let measurement = RealMeasurement(
          fleet: fleet, runs: runs, cuts: cuts ?? Self.usualCuts(size),
          limit: cuts == nil ? Self.limit(size) : .seconds(3600), screen: screen)
        guard let figures = try await measurement.measure(size).figures(roundTrip: probe.roundTrip)
        else { throw BenchError("no cut of \(size) members was taken in every order") }
        report.real.append(figures)
        show(figures, screen)
      }
      if idle > 0 {
        screen.line("idle for \(idle) s …")
        report.idle = try await IdleProbe.run(fleet.fleet, over: .seconds(idle))
      }
    }
    if let output {
      try Data(report.text.utf8).write(to: URL(filePath: output))
      screen.line("figures written to \(output)")
    } else if let idle = report.idle {
      for cost in idle.costs {
        screen.line(
          "  \(cost.program): \(cost.cores.digits(2)) % of a core, \(cost.resident.digits(1)) MiB")
      }
    }
  }

  private func show(_ figures: SizeFigures, _ screen: Screen) {
    screen.line("\n\(figures.members) members (\(figures.mix))\n\n\(Report.tables(figures))\n")
  }

  /// In each of the runs, so that the whole takes about ten minutes.
  private static func usualCuts(_ size: Int) -> Int { size <= 3 ? 12 : size <= 10 ? 10 : 7 }
  private static func limit(_ size: Int) -> Duration {
    .seconds(size <= 3 ? 80 : size <= 10 ? 110 : 230)
  }

  private func sizes(_ text: String) throws -> [Int] {
    guard text != "none" else { return [] }
    return try text.split(separator: ",").map { part in
      guard let size = Int(part), (1...1000).contains(size) else {
        throw ValidationError("'\(part)' is no size of a fleet: 1 to 1000, or none")
      }
      return size
    }
  }

  private func absolute(_ path: String) -> String {
    guard !path.hasPrefix("/"), let here = getcwd(nil, 0) else { return path }
    defer { free(here) }
    return String(cString: here) + "/" + path
  }
}
