internal import AgentCore
internal import CutProtocol
internal import LinuxSystem
internal import Model

/// Pauses Redis's writes for no longer than the cap, and makes everything durable that was acknowledged before.
struct RedisQuiescer: Quiescer {
  let settings: QuiescerSettings

  func prepare(
    _ hold: HoldSpec, for target: HoldTarget
  ) async throws(Refusal) -> any PreparedHold {
    guard case .redis(let hold) = hold else {
      preconditionFailure("the set hands \(hold) to another quiescer")
    }
    let (entry, sessions) = try await onDedicatedThread {
      [settings] () throws(Refusal) -> (ContainerEntry, [RedisSession]) in
      let entry = try ContainerEntry(
        process: target.process, member: target.member, settings: settings)
      return (entry, try open(entry, hold))
    }
    return try await OpenedSessions(sessions: sessions.map(\.session))
      .keptIfSuccessful(of: target.member) { () async throws(Refusal) in
        try await prepared(sessions, entry, target)
      }
  }

  /// One session to hold, one to release, one whose blocked write shows that the pause lasts.
  private func open(_ entry: ContainerEntry, _ hold: RedisHold) throws(Refusal) -> [RedisSession] {
    var sessions: [RedisSession] = []
    do throws(Refusal) {
      for _ in 0..<3 { sessions.append(try RedisSession(entry: entry, hold: hold)) }
    } catch {
      for opened in sessions {
        opened.session.kill()
        opened.session.process.reap(.seconds(5))
      }
      throw error
    }
    return sessions
  }

  private func prepared(
    _ sessions: [RedisSession], _ entry: ContainerEntry, _ target: HoldTarget
  ) async throws(Refusal) -> RedisPreparedHold {
    let limit = settings.prepareLimit
    for session in sessions { _ = try await session.lines("PING", limit: limit) }
    let state = try await sessions[0].information("persistence", limit: limit)
    guard state["loading"] == "0" else {
      throw Refusal(.busy, "\(target.member) is still loading its data")
    }
    let found = try await RedisSettings(sessions[0], limit: limit)
    try entry.requireOnVolumes([("data directory", found.directory)], target.volumes)
    var remarks: [String] = []
    var predicted = Duration.milliseconds(20)
    switch found.persistence {
    case .appendOnly:
      guard state["aof_rewrite_in_progress"] == "0", state["aof_rewrite_scheduled"] == "0" else {
        throw Refusal(.busy, "\(target.member) is rewriting its append-only file")
      }
      guard state["aof_last_write_status"] == "ok" else {
        throw Refusal(.failed, "\(target.member) could not write its append-only file")
      }
    case .dump:
      guard state["rdb_bgsave_in_progress"] != "1" else {
        throw Refusal(.busy, "\(target.member) is saving a dump already")
      }
      remarks.append("without an append-only file the hold saves a whole dump")
      let last = state["rdb_last_bgsave_time_sec"].flatMap { Int64($0) } ?? 0
      predicted = .seconds(max(0, last)) + .milliseconds(500)
    }
    if found.isCluster {
      remarks.append("in a cluster nothing shows that the pause lasts but the hold's own clock")
    }
    return RedisPreparedHold(
      member: target.member, sessions: sessions, entry: entry, settings: found, cap: target.cap,
      limit: settings.holdLimit, flushesFiles: !target.isFrozenLater,
      readiness: HoldReadiness(
        quiescer: "redis", fidelity: found.fidelity,
        losesAcknowledged: !found.fidelity.acknowledgedIsDurable, keepsFiles: !found.isReplica,
        tokenIsAsked: true, predicted: predicted, remarks: remarks,
        rescue: [
          .write(sessions[1].session.input, bytes: Array(RedisPreparedHold.unpause.utf8)),
          sessions[0].session.rescue, sessions[0].unpause,
        ], record: sessions.map(\.session.record)))
  }
}
