extension Migration {
  /// What ran where and when, and where nobody watched.
  ///
  /// `span` is the number of bits of an ended interval's length in nanoseconds. What covers a time t and has span n
  /// began after t - 2^n, so an index on (span, began) finds it without reading everything that began before t.
  static let placements = Migration(
    sql: """
      CREATE TABLE journal (
        node TEXT NOT NULL REFERENCES node (id),
        id TEXT NOT NULL,
        -- greeted: named by a hello, nothing applied yet. replaced: another one took its place.
        state TEXT NOT NULL CHECK (state IN ('greeted', 'current', 'replaced')),
        applied INTEGER NOT NULL DEFAULT 0 CHECK (applied >= 0),
        greeted_at INTEGER,
        -- What the node was known through when the journal was greeted.
        known_through INTEGER,
        newest_time INTEGER,
        PRIMARY KEY (node, id)
      ) STRICT, WITHOUT ROWID;
      CREATE UNIQUE INDEX journal_current ON journal (node) WHERE state = 'current';

      CREATE TABLE placement (
        id INTEGER PRIMARY KEY,
        node TEXT NOT NULL REFERENCES node (id),
        service TEXT NOT NULL,
        container TEXT NOT NULL,
        began INTEGER NOT NULL CHECK (began >= 0),
        ended INTEGER CHECK (ended >= began),
        span INTEGER CHECK (ended - began < (1 << span)),
        reason TEXT,
        details TEXT NOT NULL,
        CHECK ((ended IS NULL) = (reason IS NULL)),
        CHECK ((ended IS NULL) = (span IS NULL))
      ) STRICT;
      CREATE INDEX placement_of_container ON placement (node, container, began);
      CREATE UNIQUE INDEX placement_running ON placement (node, container) WHERE ended IS NULL;
      CREATE INDEX placement_running_of_service ON placement (service) WHERE ended IS NULL;
      CREATE INDEX placement_of_service ON placement (service, began);
      CREATE INDEX placement_of_service_by_span ON placement (service, span, began, ended)
        WHERE ended IS NOT NULL;
      CREATE INDEX placement_by_span ON placement (span, began, ended) WHERE ended IS NOT NULL;

      CREATE TRIGGER placement_added AFTER INSERT ON placement
        WHEN EXISTS (
          SELECT 1 FROM placement AS other
          WHERE other.node = NEW.node AND other.container = NEW.container AND other.id <> NEW.id
            AND other.began < ifnull(NEW.ended, 9223372036854775807)
            AND ifnull(other.ended, 9223372036854775807) > NEW.began)
        BEGIN SELECT RAISE(ABORT, 'intervals of one container never overlap'); END;
      CREATE TRIGGER placement_changed AFTER UPDATE OF node, container, began, ended ON placement
        WHEN EXISTS (
          SELECT 1 FROM placement AS other
          WHERE other.node = NEW.node AND other.container = NEW.container AND other.id <> NEW.id
            AND other.began < ifnull(NEW.ended, 9223372036854775807)
            AND ifnull(other.ended, 9223372036854775807) > NEW.began)
        BEGIN SELECT RAISE(ABORT, 'intervals of one container never overlap'); END;

      CREATE TABLE gap (
        id INTEGER PRIMARY KEY,
        node TEXT NOT NULL REFERENCES node (id),
        began INTEGER NOT NULL,
        ended INTEGER NOT NULL CHECK (ended > began),
        span INTEGER NOT NULL CHECK (ended - began < (1 << span))
      ) STRICT;
      CREATE INDEX gap_by_span ON gap (span, began, ended, node);
      """)
}
