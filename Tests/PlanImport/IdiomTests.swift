import Model
import PlanFile
import Testing

@testable import PlanImport

private let pre = "pre.hook.backup.velero.io/"
private let post = "post.hook.backup.velero.io/"

struct `Filesystems that are frozen from within` {
  @Test(arguments: [
    (#"["/sbin/fsfreeze", "--freeze", "/data"]"#, #"["/sbin/fsfreeze", "--unfreeze", "/data"]"#),
    (#"["fsfreeze", "-f", "/data/"]"#, #"["fsfreeze", "-u", "/data"]"#),
    (#"["/usr/sbin/xfs_freeze", "-f", "/data"]"#, #"["/usr/sbin/xfs_freeze", "-u", "/data"]"#),
    (
      #"["/bin/sh", "-c", "sync; fsfreeze -f /data"]"#,
      #"["/bin/bash", "-ec", "fsfreeze -u /data || true"]"#
    ),
    (#"["sudo", "fsfreeze", "-f", "/data"]"#, #"["sudo", "fsfreeze", "-u", "/data"]"#),
  ])
  func `become the leased hold`(before: String, after: String) throws {
    let plan = try imported(
      pod("web", annotations: [pre + "command": before, post + "command": after]))
    #expect(plan.holds == [[.filesystem]])
    #expect(plan.plan.services[0].volumes == .all)
    #expect(plan.isComplete)
    #expect(
      plan.remarks(at: pre + "command") == [
        "changed: the freeze of /data becomes the hold 'filesystem': taken from the node, ended by its lease whatever dies"
      ])
    #expect(
      plan.remarks(at: post + "command") == [
        "changed: becomes the end of the hold 'filesystem', which comes whatever fails"
      ])
    #expect(plan.text.contains("fsfreeze of /data"))
  }

  @Test func `in a container for that alone step back for the one that writes`() throws {
    let side = """
          - name: fsfreeze
            image: gcr.io/heptio-images/fsfreeze-pause:latest
            volumeMounts: [{name: data, mountPath: /frozen}]
      """
    let plan = try imported(
      pod(
        "web",
        annotations: [
          pre + "container": "fsfreeze", pre + "command": #"["/sbin/fsfreeze","-f","/frozen"]"#,
          post + "container": "fsfreeze", post + "command": #"["/sbin/fsfreeze","-u","/frozen"]"#,
        ], extra: side))
    #expect(plan.plan.services[0].selector.container == "app")
    #expect(plan.holds == [[.filesystem]])
  }

  @Test func `a thaw that was forgotten is no longer needed`() throws {
    let plan = try imported(
      pod("web", annotations: [pre + "command": #"["fsfreeze","-f","/data"]"#]))
    #expect(plan.holds == [[.filesystem]])
  }

  @Test(arguments: [
    "fsfreeze -f $MOUNT", "for m in /a /b; do fsfreeze -f $m; done",
    "/app/pause && fsfreeze -f /data",
  ])
  func `in a way that is not understood stay a command, and are warned of`(script: String) throws {
    let plan = try imported(
      pod("web", annotations: [pre + "command": #"["sh", "-c", "\#(script)"]"#]))
    #expect(
      plan.holds == [
        [command(["sh", "-c", script], ["true"], timeout: .seconds(10)), .filesystem]
      ])
    #expect(plan.remarks(at: pre + "command").contains { $0.contains("put {filesystem: {}}") })
  }

  @Test func `on what is no claim are said to be lost`() {
    let text = pod("web", annotations: [pre + "command": #"["fsfreeze","-f","/data"]"#])
      .replacing("persistentVolumeClaim: {claimName: web-data}", with: "emptyDir: {}")
    let refused = refusal(text)
    #expect(refused?.contains("what was frozen at /data is on no claim") == true)
  }
}

struct `Databases that are stilled by their clients` {
  private func holds(_ script: String, image: String = "example.org/x:1") throws -> [HoldSpec] {
    let quoted = script.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
      .replacing("'", with: "''")
    return try imported(
      pod("db", annotations: [pre + "command": #"["sh", "-c", "\#(quoted)"]"#], image: image)
    ).holds[0]
  }

  @Test func `MariaDB's lock becomes its hold`() throws {
    #expect(
      try holds("mariadb -u backup -S /run/m.sock -e 'FLUSH TABLES WITH READ LOCK'")
        == [.mariadb(MariaDBHold(user: "backup", socket: "/run/m.sock"))])
    #expect(
      try holds(
        "mysql --defaults-extra-file=/etc/b.cnf -e 'flush tables with read lock; do sleep(30)' &",
        image: "docker.io/library/mariadb:11")
        == [.mariadb(MariaDBHold(defaultsFile: "/etc/b.cnf"))])
    #expect(
      try holds("echo 'FLUSH TABLES WITH READ LOCK;' | mysql -h 127.0.0.1 -uroot -p$PASSWORD")
        == [.mariadb(MariaDBHold())])
  }

  @Test func `MySQL has no hold yet, so its volumes are frozen`() throws {
    let plan = try imported(
      pod(
        "db", annotations: [pre + "command": #"["mysql","-e","FLUSH TABLES WITH READ LOCK"]"#],
        image: "docker.io/library/mysql:8.4"))
    #expect(plan.holds == [[.filesystem]])
    #expect(plan.remarks(at: pre + "command").first?.contains("no hold for MySQL yet") == true)
  }

  @Test(arguments: [
    "psql -U backup -d shop -p 5433 -c \"SELECT pg_start_backup('x', true)\"",
    "su - postgres -c \"psql -U backup -d shop -p 5433 -c 'CHECKPOINT'\"",
    "PGPASSWORD=$P PGUSER=backup PGDATABASE=shop PGPORT=5433 psql -c 'select pg_backup_start()'",
    "gosu postgres psql --username=backup --dbname=shop --port=5433 -tAc checkpoint",
  ])
  func `PostgreSQL's backup mode becomes its hold with the freeze that is its fence`(script: String)
    throws
  {
    #expect(
      try holds(script) == [
        .postgresql(PostgreSQLHold(user: "backup", database: "shop", port: 5433)), .filesystem,
      ])
  }

  @Test func `both ends of a backup mode are one hold, and the grade can be required`() throws {
    let plan = try imported(
      pod(
        "db",
        annotations: [
          pre + "command": #"["psql","-c","SELECT pg_start_backup(1)"]"#,
          post + "command": #"["psql","-c","SELECT pg_stop_backup()"]"#,
        ]))
    #expect(plan.holds == [[.postgresql(PostgreSQLHold()), .filesystem]])
    #expect(plan.plan.requires == .applicationConsistent)
    #expect(
      plan.remarks(at: post + "command") == ["changed: becomes the end of the hold 'postgresql'"])
  }

  @Test func `Redis's save becomes its hold, without the password`() throws {
    let plan = try imported(
      pod(
        "cache",
        annotations: [pre + "command": #"["redis-cli","-p","6380","-a","hunter2","SAVE"]"#]))
    #expect(plan.holds == [[.redis(RedisHold(port: 6380))]])
    #expect(!plan.text.contains("hunter2"))
    #expect(plan.remarks.contains { $0.text.contains("passwordFile") })
    #expect(
      try holds("valkey-cli -s /run/v.sock bgsave") == [.redis(RedisHold(socket: "/run/v.sock"))])
    #expect(try holds("redis-cli config set save ''").first != .redis(RedisHold()))
  }

  @Test func `MongoDB has no hold yet: its lock stays a command and its unlock the end of it`()
    throws
  {
    let plan = try imported(
      pod(
        "db",
        annotations: [
          pre + "command": #"["mongosh","--eval","db.fsyncLock()"]"#,
          post + "command": #"["mongosh","--eval","db.fsyncUnlock()"]"#,
        ]))
    #expect(
      plan.holds == [
        [
          command(
            ["mongosh", "--eval", "db.fsyncLock()"], ["mongosh", "--eval", "db.fsyncUnlock()"],
            timeout: .seconds(10)), .filesystem,
        ]
      ])
    #expect(plan.remarks.contains { $0.text.contains("no hold for MongoDB yet") })
  }

  @Test(arguments: [
    "mysql -h db.example.org -e 'FLUSH TABLES WITH READ LOCK'",
    "psql -h $HOST -c CHECKPOINT", "psql -c checkpoint; /app/notify",
    "pg_dump shop > /data/dump.sql",
  ])
  func `a server elsewhere, another purpose and a dump stay commands`(script: String) throws {
    #expect(
      try holds(script) == [
        command(["sh", "-c", script], ["true"], timeout: .seconds(10)), .filesystem,
      ])
  }
}

struct `Words of a shell` {
  @Test func `are split as a shell splits them, as far as idioms need`() {
    let words = ShellWords(script: #"a 'b c' "d \" e" f\ g; h && i | j ${K}"#)
    #expect(
      words.statements == [["a", "b c", "d \" e", "f g"], ["h"], ["i"], ["j", "${K}"]])
    #expect(words.isPlain)
    #expect(!ShellWords(script: "a > b").isPlain)
    #expect(!ShellWords(script: "a 'b").isPlain)
    #expect(!ShellWords(script: String(repeating: "a ", count: 10_000)).isPlain)
  }

  @Test(arguments: [
    ("0", Duration.zero), ("30s", .seconds(30)), ("1h30m", .seconds(5400)),
    ("1.5s", .milliseconds(1500)), (".5s", .milliseconds(500)), ("-2ms", .milliseconds(-2)),
    ("1µs", .microseconds(1)), ("+3m", .seconds(180)),
  ])
  func `a Go duration is read as Go reads it`(text: String, duration: Duration) {
    #expect(Duration(goText: text) == duration)
  }

  @Test(arguments: [
    "", "300", "s", "1", "1d", "1s1", "1.2.3s", "--1s", "1e3s", "99999999999h", " 1s",
  ])
  func `what Go refuses is refused`(text: String) {
    #expect(Duration(goText: text) == nil)
  }

  @Test(arguments: [
    "mysql -psecret -e x", "curl http://u:p@h/", "redis-cli -a secret save", "x --password secret",
    "PGPASSWORD=secret psql", "mongosh -p secret",
  ])
  func `a password is noticed`(script: String) {
    #expect(SecretWords.looksSecret(["sh", "-c", script]))
  }

  @Test(arguments: [
    "mysql -p$P -e x", "mysql -p -e x", "psql -p 5432", "x --password-file /f", "curl http://h/",
    "PGPASSWORD=\"$P\" psql",
  ])
  func `the name of a variable is no password`(script: String) {
    #expect(!SecretWords.looksSecret(["sh", "-c", script]))
  }
}
