extension Migration {
  /// Plans and all their revisions, so that one which was deleted and applied again goes on counting.
  static let plans = Migration(
    sql: """
      CREATE TABLE plan_revision (
        name TEXT NOT NULL,
        revision INTEGER NOT NULL CHECK (revision >= 1),
        content TEXT NOT NULL,
        source TEXT NOT NULL,
        applied_at INTEGER NOT NULL,
        applied_by TEXT NOT NULL,
        PRIMARY KEY (name, revision)
      ) STRICT, WITHOUT ROWID;
      CREATE TRIGGER plan_revision_stays BEFORE UPDATE ON plan_revision
        BEGIN SELECT RAISE(ABORT, 'a revision never changes'); END;

      CREATE TABLE plan (
        name TEXT PRIMARY KEY,
        revision INTEGER NOT NULL,
        FOREIGN KEY (name, revision) REFERENCES plan_revision (name, revision)
      ) STRICT, WITHOUT ROWID;
      """)
}
