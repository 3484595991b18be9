internal import AgentCore
internal import CutProtocol
internal import LinuxSystem
internal import Model

/// Stops MariaDB's commits with `BACKUP STAGE`, by a session that ends the stop when it ends itself.
struct MariaDBQuiescer: Quiescer {
  let settings: QuiescerSettings

  func prepare(
    _ hold: HoldSpec, for target: HoldTarget
  ) async throws(Refusal) -> any PreparedHold {
    guard case .mariadb(let hold) = hold else {
      preconditionFailure("the set hands \(hold) to another quiescer")
    }
    let (entry, session) = try await onDedicatedThread {
      [settings] () throws(Refusal) -> (ContainerEntry, MariaDBSession) in
      let entry = try ContainerEntry(
        process: target.process, member: target.member, settings: settings)
      return (entry, try MariaDBSession(entry: entry, hold: hold))
    }
    return try await OpenedSessions(sessions: [session.session])
      .keptIfSuccessful(of: target.member) { () async throws(Refusal) in
        try await prepared(session, entry, target)
      }
  }

  private func prepared(
    _ session: MariaDBSession, _ entry: ContainerEntry, _ target: HoldTarget
  ) async throws(Refusal) -> MariaDBPreparedHold {
    let limit = settings.prepareLimit
    let found = try await MariaDBSettings(session, limit: limit)
    try entry.requireOnVolumes(found.directories, target.volumes)
    // A lock that another statement keeps must make the hold fail early, not wait until the cap.
    let wait = max(1, min(settings.holdLimit, target.cap / 2).components.seconds)
    _ = try await session.rows(
      "SET SESSION lock_wait_timeout = \(wait), wait_timeout = 86400, max_statement_time = 0",
      limit: limit)
    // It was just found on a volume; without it the hold could not close the gap, and must not be promised.
    guard let directory = try? entry.root.opened(found.directories[0].path, directory: true) else {
      throw Refusal(.failed, "data directory of \(target.member) cannot be opened any more")
    }
    if found.leavesToSystem {
      // Leaves little for the same call within the hold.
      do {
        try await onDedicatedThread { () throws(SystemError) in
          try FilesystemFreeze.synchronize(directory, name: "the data directory")
        }
      } catch {
        throw .because(error, target.member, "flush")
      }
    }
    let began = LinuxKernel.timeSinceBoot()
    _ = try await session.rows("FLUSH ENGINE LOGS", limit: limit)
    // No further stage yet: from FLUSH on, tables without transactions take no write.
    _ = try await session.rows("BACKUP STAGE START", limit: limit)
    let flush = LinuxKernel.timeSinceBoot() - began
    let prepared = MariaDBPreparedHold(
      member: target.member, session: session, hasBinaryLog: found.hasBinaryLog,
      flushed: found.leavesToSystem && !target.isFrozenLater ? directory : nil,
      writesLogs: found.leavesToSystem,
      waitsForFlush: found.leavesInMemory,
      holdLimit: .seconds(wait) + .milliseconds(500),
      readiness: HoldReadiness(
        quiescer: "mariadb", fidelity: found.fidelity,
        losesAcknowledged: !found.fidelity.acknowledgedIsDurable, tokenIsAsked: true,
        predicted: min(flush, .milliseconds(500))
          + .milliseconds(found.leavesInMemory ? 1010 : 10),
        remarks: remarks(found),
        rescue: [session.session.rescue], record: [session.session.record]))
    _ = try await prepared.position(limit: limit)
    return prepared
  }

  private func remarks(_ found: MariaDBSettings) -> [String] {
    var remarks: [String] = []
    if !found.hasBinaryLog {
      remarks.append(
        "the binary log is off: the token is the held lock itself, and no position tells transactions apart"
      )
    }
    if found.leavesInMemory {
      remarks.append(
        "innodb_flush_log_at_trx_commit is 0: the hold sets it to 1 for one statement, or, without the right to, waits up to a second for the server's own flush"
      )
    }
    return remarks
  }
}
