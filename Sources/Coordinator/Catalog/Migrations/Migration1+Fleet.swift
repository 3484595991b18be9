extension Migration {
  /// The coordinator's epoch, the nodes, and the tokens by which nodes come in.
  static let fleet = Migration(
    sql: """
      CREATE TABLE epoch (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        current INTEGER NOT NULL
      ) STRICT;
      INSERT INTO epoch VALUES (1, 0);
      CREATE TRIGGER epoch_only_grows BEFORE UPDATE ON epoch
        WHEN NEW.current <= OLD.current
        BEGIN SELECT RAISE(ABORT, 'the epoch only grows'); END;
      CREATE TRIGGER epoch_stays BEFORE DELETE ON epoch
        BEGIN SELECT RAISE(ABORT, 'the epoch stays'); END;

      CREATE TABLE node (
        id TEXT PRIMARY KEY,
        enrolled_at INTEGER NOT NULL,
        key_hash BLOB NOT NULL CHECK (length(key_hash) = 32),
        revoked_at INTEGER,
        last_seen INTEGER,
        observed_through INTEGER,
        -- Before this nobody watched the node; NULL while nothing has been recorded of it.
        watched_from INTEGER,
        agent_version TEXT
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE token (
        hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
        -- Not a reference: the token comes before the node.
        node TEXT NOT NULL,
        expires_at INTEGER NOT NULL,
        used_at INTEGER
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX token_unused ON token (node) WHERE used_at IS NULL;
      """)
}
