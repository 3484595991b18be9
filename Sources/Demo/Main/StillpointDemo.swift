internal import ArgumentParser

/// `stillpoint-demo`: a fleet on this machine, a real shop, one backup, a disaster, a restore.
@main
struct StillpointDemo: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stillpoint-demo",
    abstract:
      "A fleet on this machine: three nodes, a real shop, one backup, a disaster, a restore.",
    subcommands: [Run.self, Clean.self], defaultSubcommand: Run.self)
}
