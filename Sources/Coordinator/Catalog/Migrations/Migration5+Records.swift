extension Migration {
  /// Restores, and who did what.
  static let records = Migration(
    sql: """
      CREATE TABLE restore (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        -- Not a reference: the record outlives its backup.
        backup TEXT NOT NULL,
        running INTEGER NOT NULL CHECK (running IN (0, 1)),
        record TEXT NOT NULL
      ) STRICT;
      CREATE INDEX restore_running ON restore (backup) WHERE running = 1;

      CREATE TABLE audit (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        time INTEGER NOT NULL,
        actor TEXT NOT NULL,
        action TEXT NOT NULL,
        object TEXT NOT NULL,
        detail TEXT NOT NULL
      ) STRICT;
      CREATE TRIGGER audit_never_changes BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'audit entries are only ever added'); END;
      CREATE TRIGGER audit_never_shrinks BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'audit entries are only ever added'); END;
      """)
}
