internal import AgentCore
internal import ArgumentParser
internal import LinuxSystem

/// Ends what an agent and a guardian that are both gone may have left held.
struct ThawOnStartCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "thaw-on-start",
    abstract: "End whatever the run directory says is held. 'run' does this first as well.")

  @OptionGroup var common: CommonOptions

  func run() async throws {
    let configuration = try AgentConfiguration.read(common.config)
    let thaw = ThawOnStart(
      store: HoldRecordStore(runDirectory: configuration.runDirectory),
      boot: try LinuxKernel.bootID())
    let findings = await thaw.perform()
    for finding in findings { print(finding) }
    if findings.isEmpty { print("nothing was held") }
    if findings.contains(where: { $0.outcome == .failed }) { throw ExitCode(1) }
  }
}
