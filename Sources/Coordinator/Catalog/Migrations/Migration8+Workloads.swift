extension Migration {
  /// What clusters said about pods, by UID. Beside the placements and not in them: agents tell those, whatever a cluster says.
  static let workloads = Migration(
    sql: """
      CREATE TABLE workload (
        pod TEXT PRIMARY KEY,
        details TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;
      """)
}
