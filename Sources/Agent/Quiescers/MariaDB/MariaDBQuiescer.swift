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
    // A lock that another statement keeps must make the hold fail early, not wait into the lease.
    let wait = max(1, min(settings.holdLimit, target.cap / 2).components.seconds)
    _ = try await session.rows(
      "SET SESSION lock_wait_timeout = \(wait), wait_timeout = 86400, max_statement_time = 0",
      limit: limit)
    _ = try await session.rows("BACKUP STAGE START", limit: limit)
    let began = LinuxKernel.timeSinceBoot()
    _ = try await session.rows("BACKUP STAGE FLUSH", limit: limit)
    _ = try await session.rows("FLUSH ENGINE LOGS", limit: limit)
    let flush = LinuxKernel.timeSinceBoot() - began
    let directory = try? entry.root.opened(found.directories[0].path, directory: true)
    let prepared = MariaDBPreparedHold(
      member: target.member, session: session, hasBinaryLog: found.hasBinaryLog,
      flushed: found.otherTableCount > 0 ? directory : nil,
      holdLimit: .seconds(wait) + .milliseconds(500),
      readiness: HoldReadiness(
        quiescer: "mariadb", fidelity: found.fidelity,
        predicted: min(flush, .milliseconds(500)) + .milliseconds(10),
        remarks: found.hasBinaryLog
          ? []
          : [
            "the binary log is off: the token is the held lock itself, and no position tells transactions apart"
          ],
        rescue: [session.session.rescue], record: [session.session.record]))
    _ = try await prepared.position(limit: limit)
    return prepared
  }
}
