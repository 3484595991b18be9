/// One way to hold a service still, with its settings, as the plan names it.
package enum HoldSpec: Hashable, Codable, Sendable {
  case postgresql(PostgreSQLHold)
  case mariadb(MariaDBHold)
  case redis(RedisHold)
  /// FIFREEZE on every volume of the member, from the node.
  case filesystem
  /// Every process of the containers that have the member's volumes is stopped, by the kernel.
  case pause
  case command(CommandHold)

  /// The key in the plan file, also the quiescer's name in certificates and messages.
  package var quiescer: String {
    switch self {
    case .postgresql: "postgresql"
    case .mariadb: "mariadb"
    case .redis: "redis"
    case .filesystem: "filesystem"
    case .pause: "pause"
    case .command: "command"
    }
  }
}

package struct PostgreSQLHold: Hashable, Codable, Sendable {
  /// The database role, which must be allowed to CHECKPOINT (superuser or `pg_checkpoint`).
  package var user: String
  package var database: String
  /// The directory of the server's Unix socket inside the container; nil asks libpq's default places.
  package var socketDirectory: String?
  package var port: UInt16

  package init(
    user: String = "postgres", database: String = "postgres", socketDirectory: String? = nil,
    port: UInt16 = 5432
  ) {
    self.user = user
    self.database = database
    self.socketDirectory = socketDirectory
    self.port = port
  }
}

package struct MariaDBHold: Hashable, Codable, Sendable {
  package var user: String
  /// The server's Unix socket inside the container; nil asks the client's default place.
  package var socket: String?
  /// A client option file inside the container that carries the password; the plan carries no secrets.
  package var defaultsFile: String?

  package init(user: String = "root", socket: String? = nil, defaultsFile: String? = nil) {
    self.user = user
    self.socket = socket
    self.defaultsFile = defaultsFile
  }
}

package struct RedisHold: Hashable, Codable, Sendable {
  package var port: UInt16
  /// The server's Unix socket inside the container; nil connects to 127.0.0.1 and `port`.
  package var socket: String?
  package var user: String?
  /// A file inside the container with the password; the plan carries no secrets.
  package var passwordFile: String?

  package init(
    port: UInt16 = 6379, socket: String? = nil, user: String? = nil, passwordFile: String? = nil
  ) {
    self.port = port
    self.socket = socket
    self.user = user
    self.passwordFile = passwordFile
  }
}

/// The user's own commands inside the container. `post` runs whatever happened to `pre`.
package struct CommandHold: Hashable, Codable, Sendable {
  /// The container's name within the member's pod; nil means the member's own container.
  package var container: String?
  package var pre: [String]
  package var post: [String]
  package var timeout: Elapsed
  /// The plan's author vouches that `pre` stops writes, and that acknowledged ones are durable (F1 to F3).
  package var fences: Bool

  package init(
    container: String? = nil, pre: [String], post: [String], timeout: Duration = .seconds(5),
    fences: Bool = false
  ) {
    self.container = container
    self.pre = pre
    self.post = post
    self.timeout = Elapsed(timeout)
    self.fences = fences
  }
}
