internal import AgentCore
internal import CutProtocol
internal import LinuxSystem
internal import Model

/// A held `redis-cli`.
struct RedisSession: Sendable {
  let session: ClientSession
  let member: ServiceName
  /// Ends a pause by a client of its own: the sessions are the agent's children, and a runtime that kills the agent's container
  /// kills them with it, while the server keeps a pause whose client is gone.
  let unpause: Rescue

  private static let unpauseLimit = Duration.seconds(2)
  private static let errors = [
    "ERR ", "NOPERM ", "NOAUTH ", "WRONGPASS ", "LOADING ", "MISCONF ", "READONLY ", "MASTERDOWN ",
    "BUSY ", "MOVED ", "CLUSTERDOWN ", "OOM ", "EXECABORT ",
  ]

  private static let everythingFails = [
    "Could not connect", "AUTH failed", "NOAUTH ", "WRONGPASS ", "LOADING ",
  ]

  /// Starts the client; it connects while it starts. Blocks its thread.
  init(entry: ContainerEntry, hold: RedisHold) throws(Refusal) {
    member = entry.member
    var command = [try entry.program(["redis-cli", "valkey-cli"])]
    if let socket = hold.socket {
      command += ["-s", socket]
    } else {
      command += ["-h", "127.0.0.1", "-p", "\(hold.port)"]
    }
    if let user = hold.user { command += ["--user", user] }
    var environment = ["REDISCLI_HISTFILE=/dev/null"]
    if let file = hold.passwordFile {
      let password = try RedisSession.password(file, entry)
      // Not an argument: those can be read by every user of the node.
      environment += ["REDISCLI_AUTH=\(password)", "VALKEYCLI_AUTH=\(password)"]
    }
    unpause = .run(
      entry.arguments(command + ["CLIENT", "UNPAUSE"], withProcesses: false),
      environment: ["PATH=\(entry.path)", "LC_ALL=C", "HOME=/"] + environment,
      timeout: Self.unpauseLimit)
    do {
      session = try ClientSession(
        entry: entry, command: command, environment: environment, markerCommand: { "ECHO \($0)" },
        endsAnswer: { line in Self.everythingFails.contains(where: line.hasPrefix) })
    } catch {
      throw .because(error, entry.member, "redis-cli")
    }
  }

  private static func password(_ file: String, _ entry: ContainerEntry) throws(Refusal) -> String {
    do {
      let bytes = try TextFile.bytes(of: entry.root.opened(file), name: file, limit: 4096)
      let text = String(decoding: bytes, as: UTF8.self)
      return String(text.split(separator: "\n", omittingEmptySubsequences: false).first ?? "")
    } catch {
      throw Refusal(
        .hazard, "password file of \(entry.member) cannot be read in its container: \(error)")
    }
  }

  /// The lines of one command's answer.
  func lines(_ command: String, limit: Duration) async throws(Refusal) -> [String] {
    let lines: [String]
    do {
      lines = try await session.ask(command, limit: limit)
    } catch {
      throw .because(
        error, member, "`\(command)`",
        hint:
          "set the hold's port or socket, user and passwordFile as redis-cli inside the container needs them"
      )
    }
    return try Self.checked(lines, command, member)
  }

  /// The client's lines, unless they are an error.
  static func checked(_ lines: [String], _ command: String, _ member: ServiceName) throws(Refusal)
    -> [String]
  {
    let lines = lines.map {
      $0.hasSuffix("\r") || $0.hasSuffix("\r\n") ? String($0.dropLast()) : $0
    }
    let said = lines.first { !$0.isEmpty } ?? ""
    guard !(Self.errors + Self.everythingFails).contains(where: said.hasPrefix) else {
      // Another child process saves or rewrites; it ends by itself.
      let passes =
        said.hasPrefix("LOADING") || said.hasPrefix("BUSY") || said.contains("in progress")
      throw Refusal(
        passes ? .busy : .hazard, "`\(command)` of \(member) failed: \(said)",
        hint: "the user needs CLIENT, CONFIG|GET, INFO, ECHO, BGSAVE and UNLINK")
    }
    return lines
  }

  /// A section of INFO.
  func information(_ section: String, limit: Duration) async throws(Refusal) -> [String: String] {
    var fields: [String: String] = [:]
    for line in try await lines("INFO \(section)", limit: limit) {
      let parts = line.split(separator: ":", maxSplits: 1)
      if parts.count == 2 { fields[String(parts[0])] = String(parts[1]) }
    }
    return fields
  }

  /// A setting; nil where this version does not have it.
  func setting(_ name: String, limit: Duration) async throws(Refusal) -> String? {
    let lines = try await lines("CONFIG GET \(name)", limit: limit)
    return lines.count > 1 ? lines[1] : nil
  }
}
