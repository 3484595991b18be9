internal import ArgumentParser
internal import CommandLineKit
internal import Model
internal import OperatorWire

struct RestoreCreateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Restore a backup to its places, or beside them.")

  @Argument(help: "The backup.", completion: completion(.backup), transform: name)
  var backup: BackupID
  @Option(
    name: .customLong("service"), help: "Only this service; may be given several times.",
    completion: completion(.service), transform: name)
  var services: [ServiceName] = []
  @Option(help: "Publish the volumes in this directory of the nodes, beside the originals.")
  var into: String?
  @Flag(help: "Restore even if nothing is proved about the backup.")
  var acceptUnproven = false
  @Flag(help: "Wait until the restore has ended.")
  var wait = false
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if let into, !into.hasPrefix("/") {
      throw ValidationError("--into \(into): it must be an absolute path on the nodes")
    }
  }

  func run() async throws {
    let wanted = CreateRestore(
      backup: backup, services: services.isEmpty ? nil : services, into: into,
      acceptUnproven: acceptUnproven)
    let wait = wait
    let restore = try await connection.connect { client -> RestoreBody in
      let created: RestoreBody = try await client.post("/v1/restores", wanted)
      guard wait, created.state == .running else { return created }
      printError("restore \(created.id) of \(created.backup) has begun")
      return try await RestoreFollower(client: client, id: created.id).follow { restore, steps in
        for step in steps {
          printError(
            "\(step.member) on \(step.node): \(step.containerPath) is published at "
              + "\(step.restored?.publishedAt ?? "-")")
        }
      }
    }
    try output.write(restore) { restoreText(restore, wide: $0) }
    if restore.state == .failed { throw ExitWith(status: .failed) }
  }
}
