internal import DemoFleet
internal import Model

/// The demonstration's script: each step does something real and fails when it does not come out
/// as promised.
struct Demonstration: Sendable {
  let fleet: Fleet
  let shop: RunningShop
  /// How many cuts are taken under load; the last one is restored.
  let cuts: Int
  let screen: Screen

  init(on fleet: Fleet, cuts: Int, screen: Screen) {
    self.fleet = fleet
    self.cuts = cuts
    self.screen = screen
    shop = RunningShop(on: fleet)
  }

  var stillpoint: OperatorShell { fleet.coordinator.shell }

  /// Runs it all.
  ///
  /// - Throws: ``DemoError`` at the first promise that is not kept; `CancellationError`.
  func run() async throws {
    try await buildNodes()
    try await startCoordinator()
    try await enrolAgents()
    try await openShop()
    try await showFleet()
    try await applyPlans()

    let comparison = try await backUpOneByOne()
    let taken = try await takeCuts()
    try await showProof(of: taken.last)

    try await destroyData()
    try await restoreComparison(comparison)
    try await restoreCut(taken.last)
    try await loseCoordinator()
    screen.closeStep()
    summarise(taken)
  }

  /// Shows a command as an operator would type it, and what it printed.
  func show(_ arguments: [String]) async throws {
    let output = try await stillpoint.run(arguments)
    screen.note("$ stillpoint \(arguments.joined(separator: " "))")
    screen.lines(output.trimmed, indent: 6)
  }
}

extension Duration {
  /// The same in seconds, for sleeping and dividing.
  static func median(of durations: [Duration]) -> Duration? {
    let sorted = durations.sorted()
    guard let upper = sorted.dropFirst(sorted.count / 2).first else { return nil }
    guard sorted.count.isMultiple(of: 2) else { return upper }
    return (sorted[sorted.count / 2 - 1] + upper) / 2
  }
}
