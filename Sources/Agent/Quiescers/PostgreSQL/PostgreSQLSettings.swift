internal import CutProtocol
internal import LinuxSystem
internal import Model

/// The settings of a server that decide what its hold is worth.
struct PostgreSQLSettings: Sendable {
  var fsync: String
  var synchronousCommit: String
  var fullPageWrites: String
  var dataDirectory: String
  var isInRecovery: Bool
  /// Roles and databases that acknowledge before durability although the server does not.
  var overrides: [String]
  var tablespaces: [String]

  init(_ session: PostgreSQLSession, _ entry: ContainerEntry, limit: Duration)
    async throws(Refusal)
  {
    let row = try await session.row(
      """
      SELECT current_setting('fsync'), current_setting('full_page_writes'), \
      current_setting('data_directory'), pg_is_in_recovery(), \
      (SELECT reset_val FROM pg_settings WHERE name = 'synchronous_commit'), \
      (SELECT source FROM pg_settings WHERE name = 'synchronous_commit')
      """, columns: 6, limit: limit)
    fsync = row[0]
    fullPageWrites = row[1]
    dataDirectory = row[2]
    isInRecovery = row[3] == "t"
    synchronousCommit = row[4]
    if row[5].hasPrefix("database") || row[5] == "user" {
      // The session's own override hides what the server does for everybody else.
      let configured = try await session.rows(
        "SELECT setting FROM pg_file_settings WHERE name = 'synchronous_commit' AND applied",
        limit: limit)
      synchronousCommit =
        Self.commandLine(entry, dataDirectory) ?? configured.last?.first ?? "on"
    }
    overrides = try await session.rows(
      """
      SELECT coalesce(d.datname, 'every database') || ', ' || coalesce(r.rolname, 'every role') \
      FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) c \
      LEFT JOIN pg_database d ON d.oid = s.setdatabase LEFT JOIN pg_roles r ON r.oid = s.setrole \
      WHERE c ~* '^synchronous_commit=(off|false|no|0)$'
      """, limit: limit
    ).compactMap(\.first)
    tablespaces = try await session.rows(
      "SELECT pg_tablespace_location(oid) FROM pg_tablespace WHERE pg_tablespace_location(oid) <> ''",
      limit: limit
    ).compactMap(\.first)
  }

  /// What the server was started with, which outweighs its files; it keeps its command line beside its data.
  private static func commandLine(_ entry: ContainerEntry, _ dataDirectory: String) -> String? {
    // A server that keeps none was started with its files alone.
    guard let file = try? entry.root.opened(dataDirectory + "/postmaster.opts"),
      let bytes = try? TextFile.bytes(of: file, name: "postmaster.opts", limit: 64 << 10)
    else { return nil }
    let words = String(decoding: bytes, as: UTF8.self).split(separator: "\"")
    let settings = words.compactMap { word -> String? in
      let parts = word.drop { $0 == "-" || $0 == "c" }.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, parts[0].replacing("-", with: "_") == "synchronous_commit" else {
        return nil
      }
      return parts[1].lowercased()
    }
    return settings.last
  }

  /// F1 and F3 are the filesystem's: no command makes PostgreSQL itself stop writing.
  var fidelity: Fidelity {
    var missing: [String] = []
    if fsync != "on" { missing.append("F2: fsync is \(fsync)") }
    if ["off", "false", "no", "0"].contains(synchronousCommit) {
      missing.append("F2, F3: synchronous_commit is \(synchronousCommit)")
    }
    missing += overrides.map { "F2, F3: synchronous_commit is off for \($0)" }
    if isInRecovery {
      missing.append("F2: the server is a standby, which lacks what its primary has not sent yet")
    }
    return Fidelity(
      durableStateConstant: false, acknowledgedIsDurable: missing.isEmpty,
      nothingAcknowledged: false,
      reasons: missing + [
        "F1, F3: PostgreSQL goes on writing unless `filesystem` freezes all its volumes, or `pause` stops it"
      ])
  }

  var remarks: [String] {
    var remarks: [String] = []
    if fullPageWrites != "on" {
      remarks.append(
        "full_page_writes is \(fullPageWrites): a copy made without a freeze may hold torn pages")
    }
    return remarks
  }
}
