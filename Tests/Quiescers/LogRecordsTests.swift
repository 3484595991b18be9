import Foundation
import LinuxSystem
import Testing

@testable import Quiescers

/// The write-ahead log of a real PostgreSQL, read as its own `pg_waldump` reads it.
@Suite(.serialized) struct `The write-ahead log` {
  @Test(arguments: [("1", "replica"), ("16", "logical")])
  func `has the commits that its own reader finds`(megabytes: String, level: String) throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "sp-\(UUID())").path
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
    defer { _ = try? FileManager.default.removeItem(atPath: directory) }
    let binaries = try shell("ls -d /usr/lib/postgresql/*/bin | tail -1")
      .trimmingCharacters(in: .whitespacesAndNewlines)
    let postgres = "setpriv --reuid postgres --regid postgres --clear-groups"
    let data = "\(directory)/data"
    // Records over several pages and segments, a switch of the segment, subtransactions, aborted and plain commits.
    try shell(
      """
      chown postgres \(directory) && cd \(directory)
      \(postgres) \(binaries)/initdb -A trust --wal-segsize=\(megabytes) -D \(data) >/dev/null 2>&1
      \(postgres) \(binaries)/pg_ctl -D \(data) -w -l \(directory)/log -o "-c listen_addresses= -c wal_level=\(level) \
      -c unix_socket_directories=\(directory)" start >/dev/null
      psql -X -q -A -t -h \(directory) -U postgres >answers <<'SQL'
      CREATE TABLE t (id int, v bytea);
      ALTER TABLE t ALTER v SET STORAGE EXTERNAL;
      SELECT 'begin ' || pg_current_wal_insert_lsn();
      INSERT INTO t SELECT 1, convert_to(repeat('x', 2000000), 'UTF8');
      SELECT txid_current();
      BEGIN; INSERT INTO t VALUES (2); SAVEPOINT s; INSERT INTO t VALUES (3); COMMIT;
      BEGIN; INSERT INTO t VALUES (4); ROLLBACK;
      SELECT count(pg_switch_wal());
      INSERT INTO t SELECT 5, convert_to(repeat('y', 3000000), 'UTF8');
      CREATE TABLE u (id int);
      SELECT pg_logical_emit_message(true, 'm', repeat('z', 100000));
      SELECT 'end ' || pg_current_wal_insert_lsn();
      SELECT txid_current();
      SQL
      \(postgres) \(binaries)/pg_ctl -D \(data) -m immediate stop >/dev/null
      """, timeout: .seconds(120))
    let answers = try String(contentsOfFile: "\(directory)/answers", encoding: .utf8)
    func position(_ name: String) throws -> LogPosition {
      let line = answers.split(separator: "\n").first { $0.hasPrefix("\(name) ") }
      return try #require(line.flatMap { LogPosition(String($0.dropFirst(name.count + 1))) })
    }
    let (begin, end) = (try position("begin"), try position("end"))
    let expected = try shell(
      """
      cd \(data)/pg_wal && \(binaries)/pg_waldump -r Transaction -s \(begin) -e \(end) 2>/dev/null \
      | grep COMMIT | sed -E 's/.*tx: +([0-9]+), lsn: ([0-9A-F/]+),.*/\\1 \\2/'
      """)
    var records = LogRecords(
      pages: LogPages(
        directory: try .directory("\(data)/pg_wal"), timeline: 1,
        segmentSize: UInt64(megabytes)! << 20, pageSize: 8192), from: begin)
    var found: [(LogRecords.Record, Bool)] = []
    while let record = try records.next(before: end) {
      if case .commit(let isPlain) = record.kind { found.append((record, isPlain)) }
    }
    let texts = found.map { record, _ in
      let low = String(record.begin.bytes & 0xFFFF_FFFF, radix: 16, uppercase: true)
      let padded = String(repeating: "0", count: 8 - low.count) + low
      return "\(record.transaction) \(record.begin.bytes >> 32)/\(padded)"
    }
    #expect(texts == expected.split(separator: "\n").map(String.init))
    #expect(found.count == 6)
    // The transaction with a subtransaction, and the one that made a table.
    #expect(found.count { !$0.1 } == 2)
  }

  @Test func `is not guessed at where its bytes are others`() throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "sp-\(UUID())").path
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
    defer { _ = try? FileManager.default.removeItem(atPath: directory) }
    let pages = LogPages(
      directory: try .directory(directory), timeline: 1, segmentSize: 1 << 20, pageSize: 8192)
    let position = LogPosition(bytes: 5 << 20)
    var missing = LogRecords(pages: pages, from: position)
    #expect(throws: LogPages.Failure.self) {
      try missing.next(before: LogPosition(bytes: 6 << 20))
    }
    let file = "\(directory)/\(pages.fileName(of: position))"
    #expect(file.hasSuffix("/000000010000000000000005"))
    try Data(repeating: 0x5A, count: 1 << 20).write(to: URL(filePath: file))
    for offset: UInt64 in [0, 64] {
      var strange = LogRecords(pages: pages, from: LogPosition(bytes: position.bytes + offset))
      #expect(throws: LogPages.Failure.self) {
        try strange.next(before: LogPosition(bytes: 6 << 20))
      }
    }
  }

  @Test func `positions and snapshots are read as the server writes them`() throws {
    #expect(LogPosition("16/B374D848")?.bytes == 0x16_B374_D848)
    #expect(LogPosition("16/B374D848")?.description == "16/B374D848")
    for text in ["", "16", "16/", "x/1", "1/123456789"] { #expect(LogPosition(text) == nil) }
    let snapshot = try #require(TransactionSnapshot("4294967290:4294967300:4294967290,4294967299"))
    #expect(snapshot.hasEnded(4_294_967_289))
    #expect(!snapshot.hasEnded(4_294_967_290))
    #expect(snapshot.hasEnded(4_294_967_291))
    #expect(!snapshot.hasEnded(4_294_967_300))
    // Before and after the lower half began anew.
    #expect(snapshot.whole(4_294_967_291) == 4_294_967_291)
    #expect(snapshot.whole(3) == 4_294_967_299)
    #expect(snapshot.whole(5) == 4_294_967_301)
    for text in ["", "1:2", "2:1:", "1:2:x"] { #expect(TransactionSnapshot(text) == nil) }
  }
}
