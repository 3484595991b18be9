internal import CutProtocol
internal import LinuxSystem
internal import Model

/// A held `mariadb` client.
struct MariaDBSession: Sendable {
  struct ServerError: Error {
    var number: Int
    var text: String
  }

  let session: ClientSession
  let member: ServiceName

  /// Starts the client; it connects while it starts. Blocks its thread.
  init(entry: ContainerEntry, hold: MariaDBHold) throws(Refusal) {
    member = entry.member
    let client = try entry.program(["mariadb", "mysql"])
    var command = [client]
    // It must be the first argument.
    if let file = hold.defaultsFile { command.append("--defaults-extra-file=\(file)") }
    command += [
      "--batch", "--raw", "--skip-column-names", "--unbuffered", "--force", "--skip-reconnect",
      "--no-auto-rehash", "--connect-timeout=5", "--user=\(hold.user)",
    ]
    if let socket = hold.socket { command.append("--socket=\(socket)") }
    do {
      session = try ClientSession(
        entry: entry, command: command, environment: ["MYSQL_HISTFILE=/dev/null"],
        markerCommand: { "SELECT '\($0)';" })
    } catch {
      throw .because(error, entry.member, "mariadb")
    }
  }

  /// The rows of one statement.
  func rows(_ statement: String, limit: Duration) async throws(Refusal) -> [[String]] {
    switch try await answer(statement, limit: limit) {
    case .success(let rows): return rows
    case .failure(let error): throw refusal(error, statement)
    }
  }

  /// The rows of one statement, or the server's error.
  func answer(
    _ statement: String, limit: Duration
  ) async throws(Refusal) -> Result<[[String]], ServerError> {
    let lines: [String]
    do {
      lines = try await session.ask(statement + ";", limit: limit)
    } catch {
      throw .because(error, member, "`\(statement)`", hint: hint(error))
    }
    return Self.result(lines)
  }

  /// What the client's lines say.
  static func result(_ lines: [String]) -> Result<[[String]], ServerError> {
    // "ERROR 1205 (HY000) at line 3: text"; the client prints the statement between dashes before it.
    if let line = lines.first(where: { $0.hasPrefix("ERROR ") }) {
      let number = line.split(separator: " ").dropFirst().first.flatMap { Int($0) }
      return .failure(ServerError(number: number ?? 0, text: line))
    }
    return .success(
      lines.map {
        $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      })
  }

  private func refusal(_ error: ServerError, _ statement: String) -> Refusal {
    let message = "`\(statement)` of \(member) failed: \(error.text)"
    return switch error.number {
    // ER_LOCK_WAIT_TIMEOUT
    case 1205:
      Refusal(.busy, message, hint: "a long statement or another backup holds its locks")
    // ER_SPECIFIC_ACCESS_DENIED_ERROR, ER_ACCESS_DENIED_ERROR, ER_DBACCESS_DENIED_ERROR
    case 1227, 1045, 1044:
      Refusal(
        .hazard, message,
        hint: "the user needs RELOAD, PROCESS and, for the binary log's position, BINLOG MONITOR")
    // ER_PARSE_ERROR, ER_UNKNOWN_SYSTEM_VARIABLE
    case 1064, 1193:
      Refusal(.hazard, message, hint: "MariaDB 10.4 or later is needed for BACKUP STAGE")
    default: Refusal(.failed, message)
    }
  }

  private func hint(_ failure: ClientSession.Failure) -> String? {
    guard case .ended = failure else { return nil }
    return
      "set the hold's user, socket and defaultsFile as the client inside the container needs them"
  }
}
