import CutProtocol
import Foundation
import LinuxSystem
import Model

extension Subject {
  /// - Parameters:
  ///   - options: the server's own.
  ///   - role, database: what is set for the writer's.
  ///   - session: what the writer sets for itself, which nobody else can ask.
  static func postgreSQL(
    _ name: String, options: String = "", role: String? = nil, database: String? = nil,
    session: String? = nil, frozen: Bool = true
  ) -> Subject {
    let spec = HoldSpec.postgresql(PostgreSQLHold(socketDirectory: "/srv"))
    let binaries = "$(ls -d /usr/lib/postgresql/*/bin | tail -1)"
    let alter = [
      role.map { "ALTER ROLE writer SET \($0)" }, database.map { "ALTER DATABASE work SET \($0)" },
    ].compactMap { $0 }
    let statements =
      ["CREATE ROLE writer LOGIN SUPERUSER", "CREATE DATABASE work"] + alter
    let psql = "psql -X -q -A -t -h /srv"
    return Subject(
      name: "postgresql, \(name)", holds: frozen ? [spec, .filesystem] : [spec], user: "postgres",
      setup: """
        setpriv --reuid postgres --regid postgres --clear-groups \(binaries)/initdb -A trust -D VOLUME/data
        """,
      command: """
        \(binaries)/postgres -D /srv/data -c listen_addresses= -c unix_socket_directories=/srv \(options)
        """,
      ready: "\(psql) -U postgres -c \"SELECT 1\"",
      schema: statements.map { "\(psql) -U postgres -c \"\($0)\"" }.joined(separator: " && ")
        + " && \(psql) -U postgres -d work -c \"CREATE TABLE t (id int)\"",
      client: (session.map { "env PGOPTIONS=-c\($0) " } ?? "") + "\(psql) -U writer -d work",
      write: { "INSERT INTO t VALUES (\($0)) RETURNING id;" },
      acknowledges: { $0 == "\($1)" },
      read: "\(psql) -U postgres -d work -c \"SELECT id FROM t\"")
  }

  static func mariaDB(
    _ name: String, options: String = "", engine: String = "InnoDB", frozen: Bool = false
  ) -> Subject {
    let spec = HoldSpec.mariadb(MariaDBHold(socket: "/srv/socket"))
    let client = "mariadb --no-defaults -u root -S /srv/socket -N --batch"
    return Subject(
      name: "mariadb, \(name)", holds: frozen ? [spec, .filesystem] : [spec], megabytes: 512,
      user: "mysql",
      setup: """
        mariadb-install-db --no-defaults --auth-root-authentication-method=normal --user=mysql \
        --datadir=VOLUME/data
        """,
      command: """
        mariadbd --no-defaults --datadir=/srv/data --socket=/srv/socket --skip-networking \
        --pid-file=/srv/pid --innodb-buffer-pool-size=32M \(options)
        """,
      ready: "\(client) -e \"SELECT 1\"",
      schema:
        "\(client) -e \"CREATE DATABASE w; CREATE TABLE w.t (id INT PRIMARY KEY) ENGINE=\(engine)\"",
      client: "\(client) -n", write: { "INSERT INTO w.t VALUES (\($0)); SELECT \($0);" },
      acknowledges: { $0 == "\($1)" }, read: "\(client) -e \"SELECT id FROM w.t\"")
  }

  static func redis(_ name: String, options: String, frozen: Bool = false) -> Subject {
    let spec = HoldSpec.redis(RedisHold(socket: "/srv/socket"))
    let client = "redis-cli -s /srv/socket"
    return Subject(
      name: "redis, \(name)", holds: frozen ? [spec, .filesystem] : [spec], user: "redis",
      setup: "mkdir VOLUME/data && chown redis VOLUME/data",
      command: "redis-server --port 0 --unixsocket /srv/socket --dir /srv/data \(options)",
      ready: "[ \"$(\(client) PING)\" = PONG ]", client: client,
      write: { "SADD numbers \($0)" }, acknowledges: { line, _ in line == "1" },
      read: "\(client) SMEMBERS numbers")
  }

  /// When a writer of plain files says that it has written.
  enum Acknowledging: String {
    case afterFsync = "F->flush; F->sync;"
    case afterWrite = "F->flush;"
    case fromMemory = ""
  }

  /// Programs that append numbers to a file; with `/srv/paused` they stop, as an application does that can be told to.
  static func files(
    _ name: String, _ acknowledging: Acknowledging, holds: [HoldSpec] = [.filesystem]
  ) -> Subject {
    Subject(
      name: name, holds: holds, megabytes: 64, user: "daemon", setup: "true",
      command: "sleep 1000000", ready: "mountpoint -q /srv && [ \"$(id -u)\" = 0 ]",
      schema: "touch /srv/lock && chown daemon /srv/lock",
      client: """
        perl -e 'use Fcntl ":flock"; use IO::Handle; STDOUT->autoflush(1);
        open(F, ">>", "/srv/data"); open(L, "<", "/srv/lock");
        while (my $line = <STDIN>) {
          while (1) { flock(L, LOCK_SH); last unless -e "/srv/paused"; flock(L, LOCK_UN); select(undef, undef, undef, 0.002); }
          print F $line; \(acknowledging.rawValue) print $line; flock(L, LOCK_UN);
        }'
        """,
      write: { "\($0)" }, acknowledges: { $0 == "\($1)" },
      read: "touch /srv/data && cat /srv/data")
  }

  /// Stops the writers of `files` for good: whoever is in the middle of a write is waited for.
  static func command(pre: String, fences: Bool) -> HoldSpec {
    .command(
      CommandHold(
        pre: ["sh", "-c", pre], post: ["sh", "-c", "rm -f /srv/paused"], timeout: .seconds(10),
        fences: fences))
  }

  static let honestPre = "touch /srv/paused && flock -x /srv/lock true && sync -f /srv"
}
