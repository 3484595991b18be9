internal import Logging
internal import Model
internal import Synchronization

extension Discovery {
  /// One subscription: asks, and takes in what is reported, until the runtime goes away.
  func watch() async throws {
    let (signals, signal) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let (echoSignals, echoSignal) = AsyncStream<Void>.makeStream(
      bufferingPolicy: .bufferingNewest(1))
    self.signal = signal
    self.echoSignal = echoSignal
    pending = Pending()
    echoes = Echoes()
    hasEvents = true
    defer {
      self.signal = nil
      self.echoSignal = nil
    }
    let runtime = runtime
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await runtime.watch { change in await self.note(change) } }
      group.addTask { try await self.beat() }
      group.addTask { try await self.echo(echoSignals) }
      group.addTask { try await self.work(signals) }
      // The subscription's task may end by itself, when the runtime has no events; the others only by throwing.
      while try await group.next() != nil {}
    }
  }

  private func note(_ change: RuntimeChange) {
    switch change {
    case .subscribed:
      isConnected = true
      pending.listing = true
    case .unsupported:
      isConnected = true
      hasEvents = false
      pending.listing = true
      troubles.events =
        "the container runtime reports no changes; containers that live for less than "
        + "\(settings.pulse.shortText) may be missed"
    case .anything:
      pending.listing = true
    case .container(let id):
      pending.ask([id])
      echoes.add(id)
      echoSignal?.yield()
    }
    signal?.yield()
  }

  /// Asks a second time about what events have told of.
  private func echo(_ signals: AsyncStream<Void>) async throws {
    for await _ in signals {
      try await clock.sleep(for: settings.settling)
      pending.ask(echoes.settled())
      signal?.yield()
    }
    try Task.checkCancellation()
  }

  /// Asks for a round at every pulse.
  private func beat() async throws {
    var waited: Duration = .zero
    while true {
      try await clock.sleep(for: settings.pulse)
      waited += settings.pulse
      guard isConnected || waited < settings.subscription else {
        throw RuntimeSilence(
          description: "no subscription to its events within \(waited.shortText)")
      }
      guard isConnected else { continue }
      pending.pulse = true
      pending.ask(echoes.pulsed())
      sinceListing += settings.pulse
      // The listing one pulse after the first covers a subscription that came into force late.
      if sinceListing >= settings.reconcile || !hasEvents || needsSecondLook {
        pending.listing = true
      }
      signal?.yield()
    }
  }

  private func work(_ signals: AsyncStream<Void>) async throws {
    for await _ in signals where !pending.isEmpty {
      try await round()
      try await clock.sleep(for: settings.spacing)
      if !pending.isEmpty { signal?.yield() }
    }
    try Task.checkCancellation()
  }

  /// Asks the runtime what the pending work calls for, and records what changed.
  private func round() async throws {
    let work = pending
    pending = Pending()
    let began = now()
    if work.listing {
      let containers = try await runtime.containers().map { $0.withinBudget() }
      needsSecondLook = tracker.sight != .watching
      sinceListing = .zero
      troubles.containers = Self.oddities(of: containers)
      record { $0.listed(containers, at: began) }
    } else if !work.containers.isEmpty {
      for id in work.containers.sorted() {
        let asked = now()
        let container = try await runtime.container(id)?.withinBudget()
        record { $0.asked(id, found: container, at: asked) }
      }
      // Only now: what one of them tells may have happened before the others were asked.
      record { tracker in
        tracker.confirmed(through: began)
        return []
      }
    } else {
      try await runtime.ping()
      record { tracker in
        tracker.confirmed(through: began)
        return []
      }
    }
  }

  /// Lets a copy of the tracker advance, makes the changes durable, and only then believes them.
  private func record(_ advance: (inout PlacementTracker) -> [TimedChange]) {
    var next = tracker
    let changes = advance(&next)
    let wasWatching = tracker.sight == .watching
    do {
      try journal.append(changes)
      tracker = next
      if tracker.sight == .watching {
        if !wasWatching { logger.notice("containers of this node watched") }
        troubles.runtime = nil
        let hadTrouble = troubles.storage != nil
        troubles.storage = nil
        noteObserved()
        if hadTrouble, troubles.storage == nil { logger.notice("placement journal works again") }
      }
    } catch {
      notRecorded(error)
    }
    publish()
  }

  /// What the runtime said could not be kept. Forgetting that it was heard makes the time a gap, and the next listing
  /// finds the changes anew.
  private func notRecorded(_ error: JournalError) {
    if troubles.storage == nil {
      logger.error("placement changes not recorded", metadata: ["error": "\(error)"])
    }
    troubles.storage = "placement changes cannot be recorded: \(error)"
    tracker = PlacementTracker(
      node: journal.node, knowledge: journal.knowledge, observedThrough: tracker.observedThrough)
    sinceListing = settings.reconcile
  }

  /// The runtime has gone away, or said something that cannot be understood.
  func lost(_ error: any Error) {
    let sentence = "the container runtime cannot be asked: \(error)"
    if troubles.runtime != sentence {
      logger.warning("container runtime lost", metadata: ["error": "\(error)"])
    }
    noteObserved()
    tracker.lostSight()
    troubles.runtime = sentence
    publish()
  }

  /// Ends what ran before the node's last start, once.
  func noteBoot() {
    guard journal.boot != boot else { return }
    var next = tracker
    let changes = journal.boot == nil ? [] : next.rebooted()
    do {
      try journal.append(changes, boot: boot)
      tracker = next
    } catch {
      notRecorded(error)
    }
    publish()
  }

  /// Keeps up to when the node was watched.
  func noteObserved() {
    guard tracker.sight == .watching, let time = tracker.observedThrough,
      time != journal.observedThrough
    else { return }
    do {
      try journal.observed(through: time)
    } catch {
      troubles.storage = "the time of observation cannot be kept: \(error)"
    }
  }

  func publish() {
    let through = tracker.sight == .watching ? tracker.observedThrough : nil
    let view = DiscoveryView(
      journal: journal.id, journalEnd: journal.end,
      placements: Self.sorted(tracker.knowledge.running), observedThrough: through,
      observation: through.map {
        JournalObservation(through: $0 - settings.lag, journal: journal.id, end: journal.end)
      }, troubles: troubles.all)
    let waiting = shared.withLock { shared in
      shared.view = view
      return Array(shared.waiters.values)
    }
    for waiter in waiting { waiter.yield() }
  }

  private static func oddities(of containers: [ObservedContainer]) -> [String] {
    let sentences = containers.compactMap { container -> String? in
      if case .unknown(let why) = container.state {
        return "container \(container.id) is in an unknown state: \(why)"
      }
      return container.omitted.map {
        "container \(container.id) says more of itself than a record takes; left out: \($0.text)"
      }
    }
    let rest = sentences.count - Troubles.mostContainers
    return Array(sentences.prefix(Troubles.mostContainers))
      + (rest > 0 ? ["\(rest) more containers are in an unknown state"] : [])
  }
}

/// The runtime took a subscription and never confirmed it.
struct RuntimeSilence: Error, CustomStringConvertible {
  var description: String
}
