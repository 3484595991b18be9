internal import Model

extension DatabaseIdiom {
  /// The hold of ours that takes the command's place.
  struct Exchange {
    var hold: HoldSpec
    /// What whoever checks the plan has to know, one sentence each.
    var notes: [String] = []
  }

  /// Nil when the command speaks to a server elsewhere, or when there is no hold of ours for this database.
  func exchange(image: String?) -> Exchange? {
    var options = ClientOptions(self)
    guard !options.isRemote else { return nil }
    switch family {
    case .mongodb: return nil
    case .mysql:
      if let image, isMySQL(image) { return nil }
      if image.map({ !$0.contains("mariadb") }) ?? true, !client.name.hasPrefix("mariadb") {
        options.notes.append(
          "this needs MariaDB 10.4 or later; if the server is MySQL, put {filesystem: {}} in its place"
        )
      }
      var hold = MariaDBHold()
      hold.user = options.name(["-u", "--user"]) ?? hold.user
      hold.socket = options.path(["-S", "--socket"])
      hold.defaultsFile = options.path(["--defaults-file", "--defaults-extra-file"])
      if options.hasPassword, hold.defaultsFile == nil {
        options.notes.append(
          "the password is not taken over: name an option file in the container with defaultsFile, "
            + "or let the user in by its socket")
      }
      return Exchange(hold: .mariadb(hold), notes: options.notes)
    case .postgresql:
      var hold = PostgreSQLHold()
      hold.user = options.name(["-U", "--username"], variable: "PGUSER") ?? hold.user
      hold.database =
        options.name(["-d", "--dbname"], variable: "PGDATABASE") ?? hold.database
      hold.port = options.port(["-p", "--port"], variable: "PGPORT") ?? hold.port
      hold.socketDirectory = options.path(["-h", "--host"], variable: "PGHOST")
      if options.hasPassword {
        options.notes.append("no password is used: let the role in by peer or trust on the socket")
      }
      return Exchange(hold: .postgresql(hold), notes: options.notes)
    case .redis:
      var hold = RedisHold()
      hold.port = options.port(["-p"]) ?? hold.port
      hold.socket = options.path(["-s"])
      hold.user = options.name(["--user"])
      if options.hasPassword {
        options.notes.append(
          "the password is not taken over: name a file in the container with passwordFile")
      }
      return Exchange(hold: .redis(hold), notes: options.notes)
    }
  }

  /// Whether the container's image says that the server is MySQL, for which there is no hold yet.
  func isMySQL(_ image: String) -> Bool {
    let name = image.lowercased()
    return !name.contains("mariadb") && (name.contains("mysql") || name.contains("percona"))
  }
}

/// What a database's client was told on its command line.
private struct ClientOptions {
  let family: DatabaseIdiom.Family
  let client: ShellWords.Program
  var notes: [String] = []

  init(_ idiom: DatabaseIdiom) {
    family = idiom.family
    client = idiom.client
  }

  /// Whether the server is on another host than the client.
  var isRemote: Bool {
    let variable = family == .postgresql ? client.environment["PGHOST"] : nil
    guard let host = raw(["-h", "--host"]) ?? variable else { return false }
    // A host that a variable names is most often the pod's own service: not known to be here.
    return !["localhost", "127.0.0.1", "::1"].contains(host) && !host.hasPrefix("/")
  }

  var hasPassword: Bool {
    switch family {
    case .mysql:
      client.arguments.contains { $0.hasPrefix("-p") || $0.hasPrefix("--password") }
        || client.environment["MYSQL_PWD"] != nil
    case .postgresql: client.environment["PGPASSWORD"] != nil
    case .redis:
      client.arguments.contains { $0 == "-a" || $0 == "--pass" }
        || client.environment["REDISCLI_AUTH"] != nil
    case .mongodb: client.arguments.contains { $0 == "-p" || $0.hasPrefix("--password") }
    }
  }

  /// An option's value as it was written: `-u root`, `-uroot`, `--user=root`, `--user root`.
  private func raw(_ names: [String]) -> String? {
    for (index, argument) in client.arguments.enumerated() {
      for name in names {
        if argument == name {
          return index + 1 < client.arguments.count ? client.arguments[index + 1] : nil
        }
        if name.hasPrefix("--") {
          if argument.hasPrefix(name + "=") { return String(argument.dropFirst(name.count + 1)) }
        } else if argument.hasPrefix(name), !argument.hasPrefix("--") {
          return String(argument.dropFirst(name.count))
        }
      }
    }
    return nil
  }

  /// A value without variables, or a note and nil.
  private mutating func literal(_ names: [String], _ variable: String?) -> String? {
    guard let value = raw(names) ?? variable.flatMap({ client.environment[$0] }), !value.isEmpty
    else { return nil }
    guard !value.contains("$") else {
      notes.append("what \(names[0]) names stands in a variable; the default is taken: check it")
      return nil
    }
    return value
  }

  mutating func name(_ names: [String], variable: String? = nil) -> String? {
    literal(names, variable).flatMap { value in
      value.utf8.count <= 255 && value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f } ? value : nil
    }
  }

  mutating func port(_ names: [String], variable: String? = nil) -> UInt16? {
    literal(names, variable).flatMap { UInt16($0) }.flatMap { $0 > 0 ? $0 : nil }
  }

  mutating func path(_ names: [String], variable: String? = nil) -> String? {
    guard let value = literal(names, variable), value.hasPrefix("/"),
      !value.split(separator: "/").contains(where: { $0 == "." || $0 == ".." }),
      value.utf8.count <= 4096, value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f })
    else { return nil }
    return normalPath(value)
  }
}
