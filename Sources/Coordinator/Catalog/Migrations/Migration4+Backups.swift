extension Migration {
  /// Backups, the attempts that made them, and the evidence.
  static let backups = Migration(
    sql: """
      CREATE TABLE backup (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        plan TEXT NOT NULL,
        -- The sealed plan, byte for byte as it was hashed.
        sealed BLOB NOT NULL,
        created_by TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        -- The grade's place in its order; a greater one proves more.
        grade INTEGER,
        verdict TEXT,
        ended_at INTEGER,
        deletion_began INTEGER CHECK (deletion_began IS NULL OR verdict IS NOT NULL),
        CHECK ((verdict IS NULL) = (grade IS NULL)),
        CHECK ((verdict IS NULL) = (ended_at IS NULL))
      ) STRICT;
      CREATE INDEX backup_by_age ON backup (created_at, number);
      CREATE INDEX backup_of_plan ON backup (plan, created_at, number);
      CREATE INDEX backup_without_outcome ON backup (number) WHERE verdict IS NULL;
      CREATE TRIGGER backup_grade_never_rises BEFORE UPDATE OF grade ON backup
        WHEN OLD.grade IS NOT NULL AND (NEW.grade IS NULL OR NEW.grade > OLD.grade)
        BEGIN SELECT RAISE(ABORT, 'a grade never rises'); END;
      CREATE TRIGGER backup_plan_stays BEFORE UPDATE OF id, sealed ON backup
        BEGIN SELECT RAISE(ABORT, 'a sealed plan never changes'); END;

      CREATE TABLE attempt (
        epoch INTEGER NOT NULL,
        cut INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        part INTEGER NOT NULL,
        backup TEXT NOT NULL REFERENCES backup (id) ON DELETE CASCADE,
        PRIMARY KEY (epoch, cut, attempt, part)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX attempt_of_backup ON attempt (backup, part);
      CREATE TRIGGER attempt_of_current_epoch BEFORE INSERT ON attempt
        WHEN NEW.epoch <> (SELECT current FROM epoch)
        BEGIN SELECT RAISE(ABORT, 'an attempt begins under the current epoch only'); END;
      CREATE TRIGGER attempt_of_one_backup BEFORE INSERT ON attempt
        WHEN EXISTS (
          SELECT 1 FROM attempt AS other
          WHERE other.epoch = NEW.epoch AND other.cut = NEW.cut AND other.backup <> NEW.backup)
        BEGIN SELECT RAISE(ABORT, 'a cut belongs to one backup'); END;

      -- Certificates as they came.
      CREATE TABLE certificate (
        id INTEGER PRIMARY KEY,
        backup TEXT NOT NULL REFERENCES backup (id) ON DELETE CASCADE,
        statement BLOB NOT NULL,
        signature BLOB NOT NULL
      ) STRICT;
      CREATE INDEX certificate_of_backup ON certificate (backup);
      CREATE TRIGGER certificate_stays BEFORE UPDATE ON certificate
        BEGIN SELECT RAISE(ABORT, 'a certificate never changes'); END;
      CREATE TABLE certificate_chain (
        certificate INTEGER NOT NULL REFERENCES certificate (id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        der BLOB NOT NULL,
        PRIMARY KEY (certificate, position)
      ) STRICT, WITHOUT ROWID;
      CREATE TRIGGER certificate_chain_stays BEFORE UPDATE ON certificate_chain
        BEGIN SELECT RAISE(ABORT, 'a certificate never changes'); END;

      CREATE TABLE attempt_member (
        epoch INTEGER NOT NULL,
        cut INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        part INTEGER NOT NULL,
        member TEXT NOT NULL,
        node TEXT NOT NULL,
        closed INTEGER NOT NULL DEFAULT 0 CHECK (closed IN (0, 1)),
        certificate INTEGER REFERENCES certificate (id),
        PRIMARY KEY (epoch, cut, attempt, member),
        FOREIGN KEY (epoch, cut, attempt, part) REFERENCES attempt (epoch, cut, attempt, part)
          ON DELETE CASCADE
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX attempt_member_open ON attempt_member (epoch, cut, attempt, member)
        WHERE closed = 0;
      CREATE INDEX attempt_member_of_attempt ON attempt_member (epoch, cut, attempt, part);
      CREATE INDEX attempt_member_certificate ON attempt_member (certificate);

      -- What the outcome rests on.
      CREATE TABLE evidence_group (
        backup TEXT NOT NULL REFERENCES backup (id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        part INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        cut INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        left_out TEXT NOT NULL,
        PRIMARY KEY (backup, position),
        UNIQUE (backup, part),
        FOREIGN KEY (epoch, cut, attempt, part) REFERENCES attempt (epoch, cut, attempt, part)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX evidence_group_of_attempt ON evidence_group (epoch, cut, attempt, part);
      CREATE TABLE evidence_certificate (
        backup TEXT NOT NULL,
        position INTEGER NOT NULL,
        place INTEGER NOT NULL,
        certificate INTEGER NOT NULL REFERENCES certificate (id),
        PRIMARY KEY (backup, position, place),
        FOREIGN KEY (backup, position) REFERENCES evidence_group (backup, position)
          ON DELETE CASCADE
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX evidence_certificate_certificate ON evidence_certificate (certificate);

      CREATE TABLE backup_log (
        id INTEGER PRIMARY KEY,
        backup TEXT NOT NULL REFERENCES backup (id) ON DELETE CASCADE,
        time INTEGER NOT NULL,
        member TEXT,
        text TEXT NOT NULL
      ) STRICT;
      CREATE INDEX backup_log_of_backup ON backup_log (backup, id);
      """)
}
