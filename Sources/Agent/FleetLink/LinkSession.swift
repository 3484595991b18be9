internal import AgentCore
internal import CutProtocol
internal import FleetWire
internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import Identity
internal import Logging
internal import Model
internal import Synchronization

/// How a connection to the coordinator ended.
enum LinkEnd: Error {
  /// The coordinator said why.
  case farewell(Farewell)
  /// The certificate was renewed and nothing is held: time to connect anew with it.
  case renewed
  /// Anything else, in words.
  case lost(String)
}

/// One connection, from dialling to its end.
struct LinkSession: Sendable {
  /// Placement records that are asked of the journal at once.
  private static let batch = WireLimits.records

  let configuration: FleetLinkConfiguration
  let credential: Credential
  let held: HeldCredential
  let handler: any OrderHandler
  let records: any RecordSource
  let reports: FleetReports
  let lanes: OrderLanes
  let desk: RequestDesk
  let logger: Logger
  let state = LinkState()

  /// Returns how the connection ended; `state.wasWelcomed` tells whether there was one.
  func run() async -> LinkEnd {
    let outbox = LinkOutbox(bound: configuration.outbox)
    defer {
      reports.detach(outbox)
      outbox.finish()
    }
    do {
      let transport = try Dialling.fleet(configuration.host, configuration.port, credential)
      return try await withThrowingTaskGroup(of: LinkEnd.self) { group in
        group.addTask {
          try await withGRPCClient(transport: transport) { client in
            try await attach(Stillpoint_Fleet_V1_Fleet.Client(wrapping: client), outbox)
          }
        }
        group.addTask { try await beat(outbox) }
        group.addTask { try await deliver(outbox) }
        group.addTask { try await watch(outbox) }
        defer { group.cancelAll() }
        return try await group.next() ?? .lost("nothing was done")
      }
    } catch let end as LinkEnd {
      return end
    } catch {
      return .lost(Dialling.words(error))
    }
  }

  private func attach(
    _ client: Stillpoint_Fleet_V1_Fleet.Client<HTTP2ClientTransport.Posix>, _ outbox: LinkOutbox
  ) async throws -> LinkEnd {
    outbox.offer(.hello(await handler.hello(), speaks: .current))
    var options = Dialling.options
    options.maxRequestMessageBytes = WireLimits.message
    options.maxResponseMessageBytes = WireLimits.message
    return try await client.attach(
      options: options,
      requestProducer: { writer in
        for await message in outbox.messages { try await writer.write(message.wire()) }
      },
      onResponse: { response in
        for try await wire in response.messages {
          if let farewell = try await hear(wire, outbox) { return .farewell(farewell) }
        }
        return .lost("the coordinator ended the connection without a word")
      })
  }

  /// Takes in one message; the farewell when it is one.
  private func hear(_ wire: Stillpoint_Fleet_V1_CoordinatorMessage, _ outbox: LinkOutbox)
    async throws -> Farewell?
  {
    state.heard()
    let message = try CoordinatorMessage(wire)
    if case .welcome(let welcome) = message {
      logger.notice(
        "connected to the coordinator",
        metadata: ["version": "\(welcome.version)", "protocol": "\(welcome.protocol)"])
      state.welcomed(welcome)
      reports.attach(outbox)
      return nil
    }
    if case .farewell(let farewell) = message { return farewell }
    guard state.wasWelcomed else {
      throw LinkEnd.lost("the coordinator spoke before its welcome")
    }
    switch message {
    case .order(let order):
      if !lanes.take(order) {
        logger.error(
          "order could not be taken: too many wait",
          metadata: ["member": "\(order.member)", "fence": "\(order.fence)"])
      }
    case .request(let id, let request): desk.take(request, id: id, replyTo: outbox)
    case .recorded(let through): state.recorded(through)
    case .beat, .welcome, .farewell: break
    }
    return nil
  }

  /// Says that the agent is there, from the welcome on.
  private func beat(_ outbox: LinkOutbox) async throws -> LinkEnd {
    let welcome = try await state.waitForWelcome()
    while true {
      let heartbeat = await handler.heartbeat()
      outbox.offer(.beat(heartbeat))
      if heartbeat.held.isEmpty, held.current.certificate != credential.certificate {
        return .renewed
      }
      try await Task.sleep(for: welcome.beatInterval)
    }
  }

  /// Sends placement records batch by batch, each once the one before is acknowledged.
  private func deliver(_ outbox: LinkOutbox) async throws -> LinkEnd {
    let journal = records.journal
    var last: UInt64 = 0
    var isMet = false
    for await through in state.recordedStream {
      await records.acknowledge(through: through)
      last = through
      var batch: [PlacementRecord] = []
      while batch.isEmpty {
        // The first question is asked without waiting for an answer to it: only the journal can tell that it does not
        // reach what the coordinator has, or lies behind it.
        if isMet { await records.waitForRecords(after: last) }
        try Task.checkCancellation()
        do {
          let read = try await records.records(after: last, limit: Self.batch)
          isMet = true
          batch = read.isEmpty ? [] : try RecordBatch(read).records
        } catch {
          // Numbers of the old journal mean nothing in the new one: hello has to be said again.
          guard records.journal == journal else { return .lost("the placement journal began anew") }
          logger.error("placement records cannot be sent", metadata: ["error": "\(error)"])
          // The journal may be readable again soon; the connection's other work goes on.
          try await Task.sleep(for: .seconds(5))
        }
      }
      outbox.offer(.records(journal: records.journal, batch))
    }
    throw CancellationError()
  }

  /// Gives the coordinator up when it is silent for too long.
  private func watch(_ outbox: LinkOutbox) async throws -> LinkEnd {
    while true {
      try await Task.sleep(for: .milliseconds(100))
      if outbox.hasOverflown {
        return .lost("the coordinator does not read what it is sent")
      }
      if let silence = state.silence(welcomeTimeout: configuration.welcomeTimeout) {
        return .lost("the coordinator was silent for \(silence.shortText)")
      }
    }
  }
}

/// What a connection has heard.
final class LinkState: Sendable {
  private struct State {
    var lastHeard = ContinuousClock.now
    var welcome: Welcome?
  }

  /// Acknowledged sequence numbers; only the newest matters.
  let recordedStream: AsyncStream<UInt64>
  private let recording: AsyncStream<UInt64>.Continuation
  private let welcomes: AsyncStream<Welcome>
  private let welcoming: AsyncStream<Welcome>.Continuation
  private let state = Mutex(State())

  init() {
    (recordedStream, recording) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    (welcomes, welcoming) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  var wasWelcomed: Bool { state.withLock { $0.welcome != nil } }

  func heard() { state.withLock { $0.lastHeard = .now } }

  func welcomed(_ welcome: Welcome) {
    state.withLock { $0.welcome = welcome }
    welcoming.yield(welcome)
  }

  func recorded(_ through: UInt64) { recording.yield(through) }

  /// For one waiter. Throws when the task is cancelled first.
  func waitForWelcome() async throws -> Welcome {
    for await welcome in welcomes { return welcome }
    throw CancellationError()
  }

  /// How long the coordinator has been silent, when that is too long.
  func silence(welcomeTimeout: Duration) -> Duration? {
    state.withLock { state in
      let silence = ContinuousClock.now - state.lastHeard
      return silence > (state.welcome?.deadAfter ?? welcomeTimeout) ? silence : nil
    }
  }
}
