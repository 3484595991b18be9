internal import ArgumentParser

struct PlanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Say what to back up together, and how still it has to be.",
    subcommands: [
      PlanApplyCommand.self, PlanListCommand.self, PlanShowCommand.self, PlanCheckCommand.self,
      PlanDeleteCommand.self, PlanImportCommand.self,
    ])
}
