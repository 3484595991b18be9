internal import AgentCore
internal import CutProtocol
internal import LinuxSystem
internal import Model

/// Checkpoints PostgreSQL and reads what its hold is worth; the hold itself is the freeze of all its volumes.
struct PostgreSQLQuiescer: Quiescer {
  let settings: QuiescerSettings
  /// A checkpoint of a busy server may take this long.
  static let checkpointLimit = Duration.seconds(120)
  /// A commit on a busy disk may take this long; also the limit for reading what was written meanwhile.
  static let flushLimit = Duration.seconds(5)

  func prepare(
    _ hold: HoldSpec, for target: HoldTarget
  ) async throws(Refusal) -> any PreparedHold {
    guard case .postgresql(let hold) = hold else {
      preconditionFailure("the set hands \(hold) to another quiescer")
    }
    let (entry, session) = try await onDedicatedThread {
      [settings] () throws(Refusal) -> (ContainerEntry, PostgreSQLSession) in
      let entry = try ContainerEntry(
        process: target.process, member: target.member, settings: settings)
      return (entry, try PostgreSQLSession(entry: entry, hold: hold))
    }
    return try await OpenedSessions(sessions: [session.session])
      .keptIfSuccessful(of: target.member) { () async throws(Refusal) in
        try await prepared(session, entry, target)
      }
  }

  private func prepared(
    _ session: PostgreSQLSession, _ entry: ContainerEntry, _ target: HoldTarget
  ) async throws(Refusal) -> PostgreSQLPreparedHold {
    let limit = settings.prepareLimit
    // Our session idles through the hold and must not be ended for it; a server without the setting has no such limit.
    for name in ["idle_session_timeout", "statement_timeout", "lock_timeout"] {
      _ = try await session.rows(
        "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = '\(name)'", limit: limit)
    }
    let found = try await PostgreSQLSettings(session, entry, limit: limit)
    try entry.requireOnVolumes(
      [
        ("data directory", found.dataDirectory), ("WAL", found.dataDirectory + "/pg_wal"),
      ] + found.tablespaces.map { ("tablespace", $0) }, target.volumes)
    let started = try await session.row(
      "SELECT pg_postmaster_start_time()", columns: 1, limit: limit)
    // A standby makes restart points by itself and refuses no CHECKPOINT; both leave less to be written at the freeze.
    _ = try await session.rows("CHECKPOINT", limit: Self.checkpointLimit)
    let log = try await PostgreSQLLog(session, dataDirectory: found.dataDirectory, limit: limit)
    _ = try await session.rows("SET synchronous_commit = local", limit: limit)
    let flushLimit = min(Self.flushLimit, target.cap)
    var rounds = FlushRounds()
    if found.fidelity.acknowledgedIsDurable {
      _ = try await session.flush(limit: limit)
      while rounds.wantsMore {
        let began = LinuxKernel.timeSinceBoot()
        _ = try await session.flush(limit: limit)
        rounds.add(LinuxKernel.timeSinceBoot() - began)
      }
    }
    let hold = PostgreSQLPreparedHold(
      member: target.member, session: session, entry: entry, log: log, serverStart: started[0],
      flushLimit: flushLimit, isPausedLater: target.isPausedLater,
      readiness: HoldReadiness(
        quiescer: "postgresql", fidelity: found.fidelity,
        losesAcknowledged: !found.fidelity.acknowledgedIsDurable,
        predicted: rounds.predicted + .milliseconds(2), remarks: found.remarks,
        rescue: [session.session.rescue], record: [session.session.record]))
    // Twice, so that no later sample loads a catalog page from a frozen filesystem.
    for _ in 0..<2 { _ = try await hold.position(limit: limit) }
    return hold
  }
}
