internal import CoordinatorCore
internal import CutProtocol
internal import FleetWire
internal import GRPCCore
internal import Logging
internal import Model

/// Serves one stream from its first message to its end.
///
/// Reading never waits for the core: reports, records and heartbeats each have a bounded queue of their own, so that a
/// slow disk behind the records delays no FROZEN.
struct SessionLoop: Sendable {
  typealias Incoming = RPCAsyncSequence<Stillpoint_Fleet_V1_AgentMessage, any Error>
  typealias Outgoing = RPCWriter<Stillpoint_Fleet_V1_CoordinatorMessage>

  /// How long the node's earlier session may take to end before a newer one is turned away.
  static let patience = Duration.seconds(10)

  let agent: AdmittedAgent
  let session: AgentSession
  let gateway: FleetGateway
  let doorkeeper: AgentDoorkeeper
  let events: any FleetEvents
  let configuration: FleetServerConfiguration
  let logger: Logger

  private enum Ending: Sendable {
    case reader, writer, worker
  }

  func run(_ incoming: Incoming, _ outgoing: Outgoing) async throws {
    let queues = SessionQueues(reports: configuration.inbox)
    try await withThrowingTaskGroup(of: Ending.self) { group in
      group.addTask {
        // However reading ends, nothing more comes, and what is queued is worked off before the session ends.
        defer {
          queues.finish()
          session.close(nil)
        }
        try await read(incoming, into: queues)
        return .reader
      }
      group.addTask {
        try await write(to: outgoing)
        // The last word is said: the agent need not hang up first, and what it said before is worked off.
        queues.finish()
        return .writer
      }
      group.addTask {
        try await work(queues.reports) { report in
          await events.agentReported(agent.node, report)
        }
      }
      group.addTask {
        try await work(queues.beats) { beat in await events.agentBeat(agent.node, beat) }
      }
      group.addTask { try await work(queues.records) { try await store($0) } }
      group.addTask { try await watch() }
      // Writer and workers end by themselves; the reader may wait for an agent that says nothing more.
      var left = 4
      while left > 0, let ending = try await group.next() { left -= ending == .reader ? 0 : 1 }
      group.cancelAll()
    }
  }

  private func read(_ incoming: Incoming, into queues: SessionQueues) async throws {
    var isAdmitted = false
    for try await wire in incoming {
      session.heard()
      guard !session.isClosing else { return }
      if let farewell = await doorkeeper.refusal(of: agent) { return session.close(farewell) }
      let message: AgentMessage
      do throws(WireError) {
        message = try AgentMessage(wire)
        try checkNode(message)
      } catch {
        logger.warning("agent sent an unacceptable message", metadata: ["error": "\(error)"])
        return session.close(Farewell(.violation, "\(error)"))
      }
      if case .hello(let hello, let versions) = message, !isAdmitted {
        guard try await admit(hello, versions) else { return }
        isAdmitted = true
        continue
      }
      guard isAdmitted else {
        return session.close(Farewell(.violation, "the first message must be hello"))
      }
      guard queues.take(message, of: session) else { return }
    }
  }

  /// Records name their node: an agent may only speak of its own.
  private func checkNode(_ message: AgentMessage) throws(WireError) {
    guard case .records(_, let records) = message else { return }
    for record in records {
      switch record.change {
      case .started(let placement), .updated(let placement):
        guard placement.node == agent.node else {
          throw WireError(
            "agent.records",
            "record \(record.sequence) is about \(placement.node), the agent is \(agent.node)")
        }
      case .ended, .unseen: continue
      }
    }
  }

  /// Whether the stream goes on. The core hears of the session only after it has heard the end of the one before.
  private func admit(_ hello: AgentHello, _ versions: ProtocolVersions) async throws -> Bool {
    guard let version = ProtocolVersions.current.common(with: versions) else {
      let ours = ProtocolVersions.current
      session.close(
        Farewell(
          .incompatible,
          "the agent on \(agent.node) (\(hello.version)) speaks fleet protocol \(versions), "
            + "this coordinator (\(configuration.version)) speaks \(ours): upgrade the older one"))
      return false
    }
    session.beginAdmission()
    defer { session.endAdmission() }
    guard await !isRefusedForRival(hello) else { return false }
    session.run = AgentRun(hello)
    gateway.take(session)
    if let previous = session.previous {
      let isGone = await finishes(within: Self.patience) { _ = await previous.end.wait() }
      guard isGone, !session.isClosing else {
        session.close(
          Farewell(.unavailable, "an earlier connection of \(agent.node) is still ending"))
        return false
      }
    }
    let welcome = Welcome(
      protocol: version, version: configuration.version, beatInterval: configuration.beatInterval,
      deadAfter: configuration.deadAfter)
    guard try session.offer(.welcome(welcome)) else { return false }
    session.welcomed(version, hello.version)
    session.open()
    do {
      let applied = try await events.agentConnected(agent.node, hello)
      logger.notice(
        "agent connected", metadata: ["version": "\(hello.version)", "applied": "\(applied)"])
      return try session.offer(.recorded(through: applied))
    } catch {
      logger.error("agent could not be admitted", metadata: ["error": "\(error)"])
      session.close(
        Farewell(.unavailable, "the coordinator cannot admit \(agent.node) now: \(error)"))
      return false
    }
  }

  private func write(to outgoing: Outgoing) async throws {
    for await message in session.outbox {
      session.writing(true)
      try await outgoing.write(message)
      session.writing(false)
    }
  }

  private func work<Item: Sendable>(
    _ queue: AsyncStream<Item>, _ each: (Item) async throws -> Void
  ) async throws -> Ending {
    for await item in queue { try await each(item) }
    return .worker
  }

  private func store(_ batch: SessionQueues.Batch) async throws {
    do {
      let through = try await events.agentRecorded(
        agent.node, journal: batch.journal, batch.records)
      try session.offer(.recorded(through: through))
    } catch {
      // The agent keeps what was not acknowledged, and sends it again on its next connection.
      logger.error("placement records could not be stored", metadata: ["error": "\(error)"])
      session.close(
        Farewell(.unavailable, "the coordinator cannot store placement records now: \(error)"))
    }
  }

  /// Beats, and throws once a deadline of the session has passed.
  private func watch() async throws -> Ending {
    let clock = ContinuousClock()
    var nextBeat = clock.now + configuration.beatInterval
    let step =
      min(
        configuration.beatInterval, configuration.closingGrace, configuration.deadAfter) / 2
    while true {
      try await clock.sleep(for: step)
      if let overdue = session.overdue(
        at: clock.now, deadAfter: configuration.deadAfter,
        closingGrace: configuration.closingGrace)
      {
        logger.notice("agent connection dropped", metadata: ["overdue": "\(overdue)"])
        throw overdue
      }
      if clock.now >= nextBeat, session.isOpen {
        try session.offer(.beat)
        nextBeat = clock.now + configuration.beatInterval
      }
    }
  }
}

/// What one agent said and the core has not taken yet.
struct SessionQueues: Sendable {
  struct Batch: Sendable {
    var journal: String
    var records: [PlacementRecord]
  }

  let reports: AsyncStream<CutReport>
  let beats: AsyncStream<AgentHeartbeat>
  let records: AsyncStream<Batch>
  private let reported: AsyncStream<CutReport>.Continuation
  private let beaten: AsyncStream<AgentHeartbeat>.Continuation
  private let recorded: AsyncStream<Batch>.Continuation

  init(reports bound: Int) {
    (reports, reported) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(bound))
    // Only the newest heartbeat says anything.
    (beats, beaten) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    // The agent waits for each batch's acknowledgement.
    (records, recorded) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1))
  }

  func finish() {
    reported.finish()
    beaten.finish()
    recorded.finish()
  }

  /// False when the message closed the session.
  func take(_ message: AgentMessage, of session: AgentSession) -> Bool {
    switch message {
    case .hello:
      session.close(Farewell(.violation, "hello may be said only once"))
      return false
    case .beat(let beat):
      beaten.yield(beat)
    case .report(let report):
      if case .dropped = reported.yield(report) {
        session.close(Farewell(.unavailable, "too many reports of \(session.node) wait"))
        return false
      }
    case .reply(let id, let reply):
      session.fulfil(id, reply)
    case .records(let journal, let records):
      if case .dropped = recorded.yield(Batch(journal: journal, records: records)) {
        session.close(
          Farewell(.violation, "placement records came before the earlier ones were acknowledged"))
        return false
      }
    }
    return true
  }
}

/// Whether `body` ends within `limit`; it is cancelled when it does not.
func finishes(within limit: Duration, _ body: @escaping @Sendable () async -> Void) async -> Bool {
  await withTaskGroup(of: Bool.self) { group in
    group.addTask {
      await body()
      return !Task.isCancelled
    }
    group.addTask {
      // Cancelled when the body was faster.
      try? await Task.sleep(for: limit)
      return false
    }
    defer { group.cancelAll() }
    return await group.next() ?? false
  }
}
