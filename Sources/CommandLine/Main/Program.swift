internal import ArgumentParser
internal import CommandLineKit
internal import Foundation
internal import Release

/// The operator's command line.
@main
struct Stillpoint: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stillpoint",
    abstract: "Take, prove and restore consistent backups of many services on many nodes.",
    discussion: """
      Exit status: 0 done, 1 failed, 2 wrong usage, 3 done, but the grade required was not met, an import lost \
      something, or an installation would lack something.
      """,
    version: Release.version,
    subcommands: [
      DoctorCommand.self, StatusCommand.self, NodeCommand.self, ServiceCommand.self,
      PlanCommand.self,
      BackupCommand.self, RestoreCommand.self, AgentCommand.self, OperatorCommand.self,
      AuditCommand.self,
      CatalogCommand.self,
    ])

  /// As ArgumentParser's own, but with this program's exit statuses.
  static func main() async {
    do {
      var command = try await asyncParseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch let failure as CommandFailure {
      printError(failure.description)
      leave(failure.status)
    } catch let status as ExitWith {
      leave(status.status)
    } catch {
      leave(with: error)
    }
  }

  private static func leave(with error: any Error) -> Never {
    let message = fullMessage(for: error)
    let code = exitCode(for: error)
    if code.isSuccess {
      print(message)
      exit(code)
    }
    printError(message)
    leave(code == .validationFailure ? .usage : .failed)
  }

  private static func exit(_ code: ExitCode) -> Never { Foundation.exit(code.rawValue) }

  private static func leave(_ status: ExitStatus) -> Never { Foundation.exit(status.rawValue) }
}
