extension Migration {
  /// The objects of a cluster that belong to backups. What several backups have alike is kept once.
  static let manifests = Migration(
    sql: """
      CREATE TABLE backup_manifests (
        backup TEXT PRIMARY KEY REFERENCES backup (id) ON DELETE CASCADE,
        -- Pending ones of an earlier epoch were never finished.
        epoch INTEGER NOT NULL,
        summary TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE manifest_content (
        id INTEGER PRIMARY KEY,
        digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
        content BLOB NOT NULL
      ) STRICT;
      CREATE TRIGGER manifest_content_never_changes BEFORE UPDATE ON manifest_content
        BEGIN SELECT RAISE(ABORT, 'a manifest never changes'); END;

      CREATE TABLE backup_manifest (
        backup TEXT NOT NULL REFERENCES backup (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        api_version TEXT NOT NULL,
        kind TEXT NOT NULL,
        resource TEXT NOT NULL,
        namespace TEXT,
        name TEXT NOT NULL,
        uid TEXT NOT NULL,
        version TEXT NOT NULL,
        standing TEXT NOT NULL,
        owner TEXT,
        fact INTEGER NOT NULL CHECK (fact IN (0, 1)),
        sealed INTEGER NOT NULL CHECK (sealed IN (0, 1)),
        content INTEGER NOT NULL REFERENCES manifest_content (id),
        PRIMARY KEY (backup, number)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX backup_manifest_content ON backup_manifest (content);
      -- Content goes with the last backup that has it.
      CREATE TRIGGER backup_manifest_gone AFTER DELETE ON backup_manifest
        WHEN NOT EXISTS (SELECT 1 FROM backup_manifest WHERE content = OLD.content)
        BEGIN DELETE FROM manifest_content WHERE id = OLD.content; END;
      """)
}
