internal import ArgumentParser
internal import DemoFleet

/// `stillpoint-demo clean`
struct Clean: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Remove every fleet that a demo left: kept, interrupted or killed.")

  func run() async throws {
    let screen = Screen()
    var left: [String] = []
    for directory in FleetDirectory.all() {
      if directory.isOwned, !directory.isKept {
        screen.line("Fleet \(directory.id) is in use by a running demo or test: left alone")
        continue
      }
      screen.line("Removing fleet \(directory.id)")
      left += await Sweep(of: directory).run()
    }
    for line in left { screen.line("left behind: \(line)") }
    if !left.isEmpty { throw ExitCode.failure }
  }

  /// Removes what killed runs left; fleets that were kept on purpose stay.
  static func sweepAbandoned(_ screen: Screen) async {
    for directory in FleetDirectory.all() where !directory.isOwned {
      if directory.isKept {
        screen.line("Fleet \(directory.id) was kept earlier; 'stillpoint-demo clean' removes it")
        continue
      }
      screen.line("Removing what an interrupted run left (fleet \(directory.id))")
      for line in await Sweep(of: directory).run() { screen.line("  left behind: \(line)") }
    }
  }
}
