/// Commands whose only purpose is to still, release or dump a database through its own client.
struct DatabaseIdiom: Hashable {
  enum Family: String, Hashable {
    case mysql = "MySQL or MariaDB"
    case postgresql = "PostgreSQL"
    case redis = "Redis"
    case mongodb = "MongoDB"
  }

  enum Act: Hashable { case hold, release, dump }

  var family: Family
  var act: Act
  var client: ShellWords.Program

  private static let clients: [Family: Set<String>] = [
    .mysql: ["mysql", "mariadb", "mysqladmin", "mariadb-admin"],
    .postgresql: ["psql"],
    .redis: ["redis-cli", "valkey-cli", "keydb-cli"],
    .mongodb: ["mongo", "mongosh"],
  ]
  private static let dumps: [Family: Set<String>] = [
    .mysql: ["mysqldump", "mariadb-dump", "mysqlpump", "mariabackup", "xtrabackup"],
    .postgresql: ["pg_dump", "pg_dumpall", "pg_basebackup"],
    .mongodb: ["mongodump"],
  ]
  /// Programs beside the client that change nothing.
  private static let bystanders: Set = [
    "sync", "true", ":", "echo", "printf", "set", "sleep", "exit", "export", "cat", "gzip",
    "system",
  ]

  /// Nil when the command is none, or does something else as well.
  init?(_ words: ShellWords) {
    let programs = words.programs.filter { !Self.bystanders.contains($0.name) }
    guard programs.count == 1, let client = programs.first else { return nil }
    self.client = client
    if let dump = Self.dumps.first(where: { $0.value.contains(client.name) }) {
      family = dump.key
      act = .dump
      return
    }
    guard let found = Self.clients.first(where: { $0.value.contains(client.name) }) else {
      return nil
    }
    family = found.key
    let text = words.statements.joined().joined(separator: " ").lowercased()
    guard let act = Self.act(family, text, client) else { return nil }
    self.act = act
  }

  private static func act(_ family: Family, _ text: String, _ client: ShellWords.Program) -> Act? {
    func says(_ phrases: String...) -> Bool { phrases.contains { text.contains($0) } }
    switch family {
    case .mysql:
      if says("with read lock", "lock instance for backup", "backup stage start") { return .hold }
      if says("unlock tables", "unlock instance", "backup stage end") { return .release }
      return says("flush tables", "flush-tables", "flush logs", "flush-logs") ? .hold : nil
    case .postgresql:
      if says("pg_stop_backup", "pg_backup_stop") { return .release }
      return says("pg_start_backup", "pg_backup_start", "checkpoint") ? .hold : nil
    case .redis:
      let words = Set(client.arguments.flatMap { $0.lowercased().split(separator: " ") })
      if words.contains("config") { return nil }
      if words.contains("--rdb") { return .dump }
      if words.contains("unpause") { return .release }
      return ["save", "bgsave", "bgrewriteaof", "pause"].contains { words.contains($0) }
        ? .hold : nil
    case .mongodb:
      if says("fsyncunlock") { return .release }
      return says("fsynclock") ? .hold : nil
    }
  }
}
