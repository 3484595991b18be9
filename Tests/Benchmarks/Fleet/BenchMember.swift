/// One real member: a container of its own with one volume, under a load of its own.
struct BenchMember: Hashable, Sendable {
  enum Kind: String, CaseIterable, Sendable {
    case postgresql, mariadb, redis, files

    /// The user of this machine that the container runs as.
    var user: String {
      switch self {
      case .postgresql: "postgres"
      case .mariadb: "mysql"
      case .redis: "redis"
      case .files: "nobody"
      }
    }

    /// Where the volume is mounted in the container; also what its script expects.
    var mountPath: String { "/data" }

    /// As the CSI driver's quantities are written. A database's own logs need most of it.
    var volumeSize: String {
      switch self {
      case .postgresql, .mariadb: "512Mi"
      case .redis, .files: "128Mi"
      }
    }

    /// The holds of the plan, in YAML's flow style.
    var holds: String {
      switch self {
      case .postgresql: "[{postgresql: {user: postgres}}, {filesystem: {}}]"
      case .mariadb: "[{mariadb: {user: mysql}}, {filesystem: {}}]"
      case .redis: "[{redis: {socket: /run/redis/redis.sock}}, {filesystem: {}}]"
      case .files: "[{filesystem: {}}]"
      }
    }
  }

  /// From 1 on.
  let number: Int
  let kind: Kind

  /// Also the service's name, the container's and the volume's.
  var name: String { "m\(number < 10 ? "0" : "")\(number)-\(kind.rawValue)" }

  /// Of ten members: two PostgreSQL, two MariaDB, three Redis, three plain writers of files.
  private static let mix: [Kind] = [
    .postgresql, .mariadb, .redis, .files, .redis, .files, .postgresql, .mariadb, .redis, .files,
  ]

  /// The first `count` members; a larger fleet contains every smaller one.
  static func first(_ count: Int) -> [BenchMember] {
    (0..<count).map { BenchMember(number: $0 + 1, kind: mix[$0 % mix.count]) }
  }

  /// How many of each kind there are, in words.
  static func words(_ members: [BenchMember]) -> String {
    Kind.allCases.compactMap { kind in
      let count = members.count { $0.kind == kind }
      return count == 0 ? nil : "\(count) \(kind.rawValue)"
    }.joined(separator: ", ")
  }
}
