extension Migration {
  /// Requests for backups that must not be carried out twice, and backups that are no longer shown where they were asked for.
  static let requests = Migration(
    sql: """
      CREATE TABLE backup_request (
        request TEXT PRIMARY KEY,
        -- Not a reference: the request stays answered when the backup is deleted.
        backup TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE TRIGGER backup_request_stays BEFORE UPDATE ON backup_request
        BEGIN SELECT RAISE(ABORT, 'a request is answered once'); END;
      CREATE TRIGGER backup_request_never_goes BEFORE DELETE ON backup_request
        BEGIN SELECT RAISE(ABORT, 'a request stays answered'); END;

      CREATE TABLE backup_released (
        backup TEXT PRIMARY KEY REFERENCES backup (id) ON DELETE CASCADE
      ) STRICT, WITHOUT ROWID;
      """)
}
