extension Migration {
  /// The operators' newest certificates, and who is revoked.
  static let operators = Migration(
    sql: """
      CREATE TABLE operator (
        name TEXT PRIMARY KEY,
        -- The newest certificate; NULL for one revoked before it was ever seen.
        issued_at INTEGER,
        expires_at INTEGER,
        -- Certificates issued up to here are refused.
        revoked_at INTEGER,
        CHECK ((issued_at IS NULL) = (expires_at IS NULL))
      ) STRICT, WITHOUT ROWID;
      CREATE TRIGGER operator_revocation_stays BEFORE UPDATE OF revoked_at ON operator
        WHEN OLD.revoked_at IS NOT NULL
          AND (NEW.revoked_at IS NULL OR NEW.revoked_at < OLD.revoked_at)
        BEGIN SELECT RAISE(ABORT, 'a revocation is never taken back'); END;
      """)
}
