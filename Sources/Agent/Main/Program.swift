internal import ArgumentParser
internal import Release
internal import Telemetry

/// `stillpoint-agent`: what runs on every node.
@main
struct AgentProgram: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stillpoint-agent",
    abstract:
      "Records what runs on this node, holds applications still, and snapshots their volumes.",
    version: Release.version,
    subcommands: [Run.self, Enrol.self, ThawOnStartCommand.self, VolumeCommand.self])
}

/// What every subcommand takes.
struct CommonOptions: ParsableArguments {
  @Option(name: .long, help: "The configuration file.")
  var config = "/etc/stillpoint/agent.yaml"

  @Option(
    name: .long, help: "The least level that is logged: trace, debug, info, notice, warning, error."
  )
  var logLevel = LogLevel.info
}

extension LogLevel: ExpressibleByArgument {}
