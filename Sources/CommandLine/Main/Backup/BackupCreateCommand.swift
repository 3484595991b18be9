internal import ArgumentParser
internal import CommandLineKit
internal import CutProtocol
internal import Model
internal import OperatorWire
internal import UnixSignals

struct BackupCreateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Take a backup of a plan.",
    discussion: """
      Without --wait the cut runs on its own and its name is printed. With --wait its progress is shown; \
      the exit status is 3 when it earned less than the plan requires.
      """)

  @Argument(help: "The plan.", completion: completion(.plan), transform: name)
  var plan: PlanName
  @Flag(help: "Show progress and wait until the cut has ended.")
  var wait = false
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let (name, wait) = (plan, wait)
    let result = try await connection.connect { client -> Result in
      let created: CreatedBackup = try await client.post("/v1/backups", CreateBackup(plan: name))
      guard wait else { return .started(created) }
      printError("backup \(created.id) of \(name) is under way")
      return try await follow(created.id, client)
    }
    switch result {
    case .started(let created):
      try output.write(created) { _ in
        "backup \(created.id) of \(name) is under way; see it with: "
          + "stillpoint backup show \(created.id)\n"
      }
    case .ended(let backup):
      try output.write(backup) { backupText(backup, wide: $0) }
      guard backup.verdict?.grade != .failed else { throw ExitWith(status: .failed) }
      try ExitWith.unlessMet(backup.meetsPlan)
    case .interrupted(let id):
      printError(
        "interrupted: backup \(id) goes on without this program; see it with: "
          + "stillpoint backup show \(id)")
      throw ExitWith(status: .failed)
    }
  }

  private enum Result: Sendable {
    case started(CreatedBackup)
    case ended(BackupBody)
    case interrupted(BackupID)
  }

  /// The cut belongs to the coordinator: an interrupt ends the watching, not the cut.
  private func follow(_ id: BackupID, _ client: CoordinatorClient) async throws -> Result {
    let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
    return try await withThrowingTaskGroup(of: Result.self) { group in
      group.addTask {
        var start: Timestamp?
        let ended = try await BackupFollower(client: client, id: id).follow(
          { line in
            let begun = start ?? line.time
            start = begun
            printError(progressText(line, since: begun))
          }, notice: { printError("warning: \($0)") })
        return .ended(ended)
      }
      group.addTask {
        for await _ in signals { return .interrupted(id) }
        throw CancellationError()
      }
      defer { group.cancelAll() }
      guard let first = try await group.next() else { throw CancellationError() }
      return first
    }
  }
}
