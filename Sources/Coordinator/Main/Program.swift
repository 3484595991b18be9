internal import ArgumentParser
internal import Release
internal import Telemetry

/// `stillpoint-coordinator`: once per fleet.
@main
struct CoordinatorProgram: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stillpoint-coordinator",
    abstract: "Sequences backups across all services of a fleet and keeps its catalog.",
    version: Release.version,
    subcommands: [Run.self, OperatorCommand.self])
}

/// What every subcommand takes.
struct CommonOptions: ParsableArguments {
  @Option(name: .long, help: "The configuration file.")
  var config = "/etc/stillpoint/coordinator.yaml"

  @Option(
    name: .long, help: "The least level that is logged: trace, debug, info, notice, warning, error."
  )
  var logLevel = LogLevel.info
}

extension LogLevel: ExpressibleByArgument {}
