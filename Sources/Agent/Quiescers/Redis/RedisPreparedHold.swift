internal import AgentCore
internal import CutProtocol
internal import LinuxSystem
internal import Model
internal import Synchronization

/// Three sessions at a Redis that is ready to be paused.
final class RedisPreparedHold: PreparedHold {
  static let unpause = "CLIENT UNPAUSE\n"

  let member: ServiceName
  let entry: ContainerEntry
  let settings: RedisSettings
  let cap: Duration
  let limit: Duration
  /// Whether this hold itself has to put the files on the disk: a freeze that follows does that for all of them.
  let flushesFiles: Bool
  let readiness: HoldReadiness
  private let holder: RedisSession
  private let releaser: RedisSession
  private let witness: RedisSession
  private let sessions: [RedisSession]

  private struct State {
    var pausedSince: Duration?
    var isReleased = false
    /// The witness's write was sent, and must stay unanswered for as long as the pause lasts.
    var isWitnessed = false
    /// `hold` has not come back: its pause may reach the server after a release.
    var isTaking = false
    /// It is not known whether the server has a pause that nobody ended.
    var mayBePaused = false
  }
  private let state = Mutex(State())

  init(
    member: ServiceName, sessions: [RedisSession], entry: ContainerEntry, settings: RedisSettings,
    cap: Duration, limit: Duration, flushesFiles: Bool, readiness: HoldReadiness
  ) {
    self.member = member
    self.sessions = sessions
    holder = sessions[0]
    releaser = sessions[1]
    witness = sessions[2]
    self.entry = entry
    self.settings = settings
    self.cap = cap
    self.limit = min(limit, cap / 2)
    self.flushesFiles = flushesFiles
    self.readiness = readiness
  }

  func hold() async throws(Refusal) {
    let began = LinuxKernel.timeSinceBoot()
    let mayBegin = state.withLock { state in
      guard !state.isReleased else { return false }
      state.pausedSince = began
      state.isTaking = true
      return true
    }
    guard mayBegin else { throw givenUp }
    defer { state.withLock { $0.isTaking = false } }
    try await askToPause()
    try await sendWitness()
    switch settings.persistence {
    case .appendOnly: try await flushAppendOnlyFile(until: began + limit)
    case .dump:
      try await saveDump(until: began + cap)
      // Servers before 7.0 leave the new name of a finished dump to the operating system.
      try await flushDataFiles()
    }
    guard isPaused else {
      throw Refusal(.expired, "pause of \(member) ended before its hold was in force")
    }
  }

  private var givenUp: Refusal {
    Refusal(.expired, "hold of \(member) was given up: its release came before it was in force")
  }

  /// A release that came meanwhile, through another session, may have reached the server first.
  private func askToPause() async throws(Refusal) {
    do throws(Refusal) {
      _ = try await holder.lines("CLIENT PAUSE \(cap.milliseconds) WRITE", limit: limit)
      guard state.withLock(\.isReleased) else { return }
      _ = try await holder.lines("CLIENT UNPAUSE", limit: .milliseconds(900))
    } catch {
      state.withLock { $0.mayBePaused = true }
      throw error
    }
    throw givenUp
  }

  /// A write that changes nothing: it waits for the end of the pause, whoever ends it.
  private func sendWitness() async throws(Refusal) {
    guard !settings.isCluster else { return }
    do {
      try await onDedicatedThread { [witness] () throws(ClientSession.Failure) in
        try witness.session.send("UNLINK stillpoint:no-such-key")
      }
    } catch {
      throw .because(error, member, "the witness write")
    }
    state.withLock { $0.isWitnessed = true }
  }

  /// Once the server's own buffer is empty every acknowledged write is in the files, and flushing them from here, or the
  /// freeze that follows, makes them durable, whatever `appendfsync` leaves for later.
  private func flushAppendOnlyFile(until deadline: Duration) async throws(Refusal) {
    while true {
      let found = try await holder.information("persistence", limit: limit)
      guard found["aof_rewrite_in_progress"] == "0" else {
        throw Refusal(.busy, "\(member) began to rewrite its append-only file")
      }
      guard found["aof_last_write_status"] == "ok" else {
        throw Refusal(.failed, "\(member) could not write its append-only file")
      }
      if found["aof_buffer_length"] == "0" { break }
      guard LinuxKernel.timeSinceBoot() < deadline else {
        throw Refusal(.busy, "\(member) did not write its append-only buffer in time")
      }
      await onDedicatedThread(limit: .milliseconds(2)) { pause(.milliseconds(2)) }
    }
    try await flushDataFiles()
  }

  private func flushDataFiles() async throws(Refusal) {
    guard flushesFiles else { return }
    do {
      try await onDedicatedThread { [entry, settings] () throws(SystemError) in
        let directory = try entry.root.opened(settings.directory, directory: true)
        for name in try directory.names() where settings.isData(name) {
          try directory.opened(name).synchronize()
        }
        try directory.synchronize()
      }
    } catch {
      throw .because(error, member, "flushing the data files")
    }
  }

  /// Takes as long as the data is large: prepare has predicted it, and the plan's budget and cap bound it.
  private func saveDump(until deadline: Duration) async throws(Refusal) {
    _ = try await holder.lines("BGSAVE", limit: limit)
    while true {
      let found = try await holder.information("persistence", limit: limit)
      if found["rdb_bgsave_in_progress"] == "0" {
        guard found["rdb_last_bgsave_status"] == "ok" else {
          throw Refusal(.failed, "\(member) could not save its dump")
        }
        return
      }
      guard !state.withLock(\.isReleased) else {
        throw Refusal(.expired, "the hold of \(member) was ended while its dump was being saved")
      }
      guard LinuxKernel.timeSinceBoot() < deadline else {
        throw Refusal(
          .busy, "\(member) did not save its dump within \(cap.shortText)",
          hint: "an append-only file makes the hold short, however much data there is")
      }
      await onDedicatedThread(limit: .milliseconds(5)) { pause(.milliseconds(5)) }
    }
  }

  /// Read from the node, so that it works whether or not a frozen filesystem keeps the server from answering.
  func token() async throws(Refusal) -> StateToken {
    let files: [String: FileStatus]
    do {
      files = try await onDedicatedThread { [entry, settings] () throws(SystemError) in
        try entry.fingerprint(settings.directory, only: settings.isData)
      }
    } catch {
      throw .because(error, member, "reading the data files")
    }
    guard isPaused else { throw Refusal(.expired, "pause of \(member) had ended") }
    let values = files.map { ($0, "inode \($1.inode), \($1.size) bytes, at \($1.modified)") }
    return StateToken(
      quiescer: readiness.quiescer, values: Dictionary(uniqueKeysWithValues: values))
  }

  private var isPaused: Bool {
    let (since, isWitnessed) = state.withLock { ($0.pausedSince, $0.isWitnessed) }
    guard let since, LinuxKernel.timeSinceBoot() < since + cap else { return false }
    return !isWitnessed || !witness.session.hasSaidSomething
  }

  func release() async -> ReleaseFinding {
    let (wasAsked, wasReleased) = state.withLock { state in
      defer { state.isReleased = true }
      return (state.pausedSince != nil, state.isReleased)
    }
    guard wasAsked, !wasReleased else {
      return ReleaseFinding(endedThisHold: false, finding: "\(member) was not held")
    }
    let lasted = isPaused
    return await runUncancelled { [self] in
      do throws(Refusal) {
        _ = try await releaser.lines("CLIENT UNPAUSE", limit: .milliseconds(900))
      } catch {
        state.withLock { $0.mayBePaused = true }
        return ReleaseFinding(
          endedThisHold: false,
          finding:
            "\(member) did not answer its release, its pause ends with the cap: \(error.message)",
          mayHold: true)
      }
      return ReleaseFinding(
        endedThisHold: lasted,
        finding: lasted ? nil : "the pause of \(member) had ended before its release",
        mayHold: state.withLock { $0.isTaking || $0.mayBePaused })
    }
  }

  func waitUntilOver() async -> Bool {
    await Ending.wait {
      state.withLock { $0.isTaking ? [.underWay] : [$0.mayBePaused ? .failed : .over] }
    }
  }

  func discard() async {
    if state.withLock({ $0.pausedSince != nil && !$0.isReleased }) { _ = await release() }
    await runUncancelled { [sessions] in for session in sessions { await session.session.end() } }
  }
}
