extension Migration {
  /// Backups that ended under another catalog bring the attempts that made them.
  static let takenOver = Migration(
    sql: """
      ALTER TABLE backup ADD COLUMN taken_over INTEGER NOT NULL DEFAULT 0 CHECK (taken_over IN (0, 1));
      CREATE TRIGGER backup_origin_stays BEFORE UPDATE OF taken_over ON backup
        BEGIN SELECT RAISE(ABORT, 'where a backup comes from never changes'); END;
      DROP TRIGGER attempt_of_current_epoch;
      CREATE TRIGGER attempt_of_current_epoch BEFORE INSERT ON attempt
        WHEN NEW.epoch > (SELECT current FROM epoch)
          OR NEW.epoch < (SELECT current FROM epoch) AND NOT EXISTS (
            SELECT 1 FROM backup WHERE id = NEW.backup AND taken_over = 1)
        BEGIN SELECT RAISE(ABORT, 'an attempt begins under the current epoch only'); END;
      """)
}
