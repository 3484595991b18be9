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
    name: .customLong("service"),
    help: "Only this service of the plan; may be given several times.",
    completion: completion(.member), transform: name)
  var services: [ServiceName] = []
  @Option(help: "Publish the volumes in this directory of the nodes, beside the originals.")
  var into: String?
  @Flag(help: "Restore even if nothing is proved about the backup.")
  var acceptUnproven = false
  @Flag(
    help:
      "Bring back the objects of the backup's namespaces too, with new claims from its snapshots.")
  var objects = false
  @Option(
    name: .customLong("namespace"),
    help: "With --objects, FROM=TO: another namespace for one of the backup's.")
  var namespaces: [String] = []
  @Option(
    name: .customLong("storage-class"),
    help: "With --objects, FROM=TO: another storage class for claims that have this one.")
  var storageClasses: [String] = []
  @Option(help: "With --objects: what becomes of objects that are there: skip, patch or fail.")
  var existing: String?
  @Flag(help: "With --objects: leave workloads scaled to zero.") var noStart = false
  @Flag(help: "With --objects: run none of the plan's commands for a restore.") var noHooks = false
  @Flag(help: "With --objects: print what would be done, and do nothing.") var dryRun = false
  @Flag(help: "Wait until the restore has ended.")
  var wait = false
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if let into, !into.hasPrefix("/") {
      throw ValidationError("--into \(into): it must be an absolute path on the nodes")
    }
    let needsObjects =
      !namespaces.isEmpty || !storageClasses.isEmpty || existing != nil || noStart || noHooks
      || dryRun
    guard !objects, needsObjects else {
      _ = (try mapping(namespaces, "--namespace"), try mapping(storageClasses, "--storage-class"))
      return
    }
    throw ValidationError(
      "--namespace, --storage-class, --existing, --no-start, --no-hooks and --dry-run need --objects"
    )
  }

  private func mapping(_ pairs: [String], _ option: String) throws -> [String: String] {
    var mapping: [String: String] = [:]
    for pair in pairs {
      let parts = pair.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }), mapping[parts[0]] == nil else {
        throw ValidationError("\(option) \(pair): expected FROM=TO, once for each FROM")
      }
      mapping[parts[0]] = parts[1]
    }
    return mapping
  }

  private func order() throws -> ObjectRestoreBody? {
    guard objects else { return nil }
    return ObjectRestoreBody(
      namespaces: try mapping(namespaces, "--namespace"),
      storageClasses: try mapping(storageClasses, "--storage-class"), existing: existing,
      start: !noStart, hooks: noHooks ? "none" : nil)
  }

  func run() async throws {
    let wanted = CreateRestore(
      backup: backup, services: services.isEmpty ? nil : services, into: into,
      acceptUnproven: acceptUnproven, objects: try order())
    guard !dryRun else { return try await preview(wanted) }
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

  private func preview(_ wanted: CreateRestore) async throws {
    let actions: Items<ObjectActionBody> = try await connection.connect {
      try await $0.post("/v1/restores/preview", wanted)
    }
    try output.write(actions) { _ in actionTable(actions.items) }
    if actions.items.contains(where: { $0.action == "refuse" }) { throw ExitWith(status: .failed) }
  }
}
