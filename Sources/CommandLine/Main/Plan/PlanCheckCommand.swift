internal import ArgumentParser
internal import CommandLineKit
internal import Model
internal import OperatorWire

struct PlanCheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Rehearse a plan without holding anything: predicted window, grade, hazards.",
    discussion: """
      Exit status 3 when a cut now would not earn the grade that the plan requires.

      With --probe the plan's CSI drivers are tried as well: does each really cut before it answers? On every node of the \
      plan, and for each driver there, volumes of the trial's own are made, marked, snapshotted, looked into and \
      deleted; no volume of the plan is touched. Exit status 1 unless every driver conforms.
      """)

  /// The agents' own limit, and room for the way.
  private static let longestProbe = Duration.seconds(630)

  @Argument(help: "The plan.", completion: completion(.plan), transform: name)
  var plan: PlanName
  @Flag(help: "Also try the plan's CSI drivers, on volumes that are made for it and deleted again.")
  var probe = false
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var output: OutputOptions

  /// Both answers, as one document.
  struct Probed: Codable, Sendable {
    var check: PlanCheckBody
    var probe: PlanProbeBody
  }

  func run() async throws {
    let name = plan
    let check: PlanCheckBody = try await connection.connect {
      try await $0.get("/v1/plans/\(name)/check")
    }
    guard probe else {
      try output.write(check) { planCheckText(check, wide: $0) }
      return try ExitWith.unlessMet(check.passes)
    }
    printError(
      "trying the CSI drivers of plan \(name) on volumes of their own; this may take minutes")
    let settings = try connection.settings()
    let found: PlanProbeBody = try await CoordinatorClient.with(
      settings, longestSilence: Self.longestProbe
    ) {
      try await $0.post("/v1/plans/\(name)/probe", timeout: Self.longestProbe)
    }
    try output.write(Probed(check: check, probe: found)) {
      planCheckText(check, wide: $0) + "\n" + planProbeText(found)
    }
    guard found.conforms else { throw ExitWith(status: .failed) }
    try ExitWith.unlessMet(check.passes)
  }
}
