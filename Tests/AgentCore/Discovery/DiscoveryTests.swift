import AgentCore
import Model
import Synchronization
import Testing

@Suite struct DiscoveryTests {
  let directory: TemporaryDirectory
  let runtime = FakeRuntime()
  /// Quick enough for a test, slow enough for a loaded machine.
  let settings = DiscoverySettings(
    reconcile: .milliseconds(200), pulse: .milliseconds(20), spacing: .milliseconds(1),
    subscription: .seconds(30), retry: .milliseconds(5), longestRetry: .milliseconds(20))

  init() throws { directory = try TemporaryDirectory() }

  func discovery(
    boot: String = "boot-1", limits: PlacementJournal.Limits = .init(),
    settings: DiscoverySettings? = nil
  ) throws -> Discovery {
    let journal = try PlacementJournal.open(
      directory: directory.path, node: sampleNode, limits: limits, logger: silentLogger)
    return Discovery(
      node: sampleNode, runtime: runtime, journal: journal, boot: boot,
      settings: settings ?? self.settings, logger: silentLogger)
  }

  func records(_ discovery: Discovery) async throws -> [PlacementChange] {
    try await discovery.records(after: 0, limit: 999).map(\.change)
  }

  /// Runs `discovery` for as long as `body` does, as the agent's process does.
  func running(_ discovery: Discovery, _ body: () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await discovery.run() }
      try await eventually("the runtime is watched") { discovery.observedThrough != nil }
      try await body()
      group.cancelAll()
    }
  }

  @Test func `what runs is shown and recorded, and what starts later is noticed by its event`()
    async throws
  {
    runtime.put(sampleContainer("one"))
    let discovery = try discovery(
      settings: DiscoverySettings(reconcile: .seconds(600), pulse: .seconds(600)))
    try await running(discovery) {
      #expect(discovery.current() == [samplePlacement(sampleContainer("one"))])
      #expect(discovery.view.troubles == [])
      runtime.put(sampleContainer("two", startedAt: 10))
      try await eventually("the second container is noticed") { discovery.current().count == 2 }
      runtime.remove("one")
      try await eventually("its end is noticed") { discovery.current().count == 1 }
      #expect(
        try await records(discovery) == [
          .unseen(since: Timestamp(nanoseconds: 0)),
          .started(samplePlacement(sampleContainer("one"))),
          .started(samplePlacement(sampleContainer("two", startedAt: 10))),
          .ended(ContainerID(accepted: "one"), .removed),
        ])
    }
  }

  @Test(arguments: [1, 2])
  func `an event that comes before the runtime's own answer follows is not lost`(lag: Int)
    async throws
  {
    runtime.put(sampleContainer("one"))
    let discovery = try discovery(
      settings: DiscoverySettings(
        reconcile: .seconds(600), pulse: .milliseconds(300), spacing: .milliseconds(1),
        settling: .milliseconds(10)))
    try await running(discovery) {
      let exited = sampleContainer("one", .exited(at: at(5), reason: .exited(code: 3)))
      runtime.put(exited, lag: lag)
      try await eventually("the exit is noticed") { discovery.current().isEmpty }
      #expect(runtime.state.withLock { $0.listings } <= 2)
    }
  }

  @Test func `a lost event is made good by the next listing`() async throws {
    let discovery = try discovery()
    try await running(discovery) {
      runtime.put(sampleContainer("one"), silently: true)
      try await eventually("the container is found") { discovery.current().count == 1 }
    }
  }

  @Test func `a runtime that goes away leaves a gap and a trouble, and is found again`()
    async throws
  {
    runtime.put(sampleContainer("kept"), sampleContainer("lost"))
    let discovery = try discovery()
    try await running(discovery) {
      runtime.stop()
      try await eventually("the loss is noticed") { discovery.observedThrough == nil }
      #expect(discovery.view.troubles.contains { $0.contains("cannot be asked") })
      #expect(discovery.current().count == 2)
      runtime.remove("lost")
      runtime.start()
      try await eventually("it is watched again") { discovery.observedThrough != nil }
      #expect(discovery.view.troubles == [])
      #expect(discovery.current().map(\.container.text) == ["kept"])
      let changes = try await records(discovery)
      #expect(changes.last == .ended(ContainerID(accepted: "lost"), .vanished))
      guard case .unseen = changes.dropLast().last else {
        Issue.record("no gap before the end: \(changes)")
        return
      }
    }
  }

  @Test func `a runtime without events is listed at every pulse, and says so`() async throws {
    runtime.state.withLock { $0.hasEvents = false }
    let discovery = try discovery(
      settings: DiscoverySettings(reconcile: .seconds(600), pulse: .milliseconds(20)))
    try await running(discovery) {
      runtime.put(sampleContainer("one"))
      try await eventually("the container is found") { discovery.current().count == 1 }
      #expect(discovery.view.troubles.contains { $0.contains("reports no changes") })
    }
  }

  @Test func `the time of observation goes on while nothing changes`() async throws {
    let discovery = try discovery()
    try await running(discovery) {
      let first = discovery.observedThrough ?? at(0)
      try await eventually("it advances") { discovery.observedThrough ?? at(0) > first }
    }
  }

  @Test func `of several changes none is called observed before all of them are recorded`()
    async throws
  {
    let discovery = try discovery(
      settings: DiscoverySettings(
        reconcile: .seconds(600), pulse: .seconds(600), spacing: .milliseconds(1),
        settling: .seconds(600)))
    let changed = Mutex<Timestamp?>(nil)
    let observed = Mutex<[Timestamp?]>([])
    runtime.onQuestion.withLock { [runtime] in
      $0 = { id in
        switch id.text {
        case "a":
          // Both are asked about in the next round, which begins some whole milliseconds later than this one.
          let asked = Timestamp.now()
          while Timestamp.now() < asked + .milliseconds(5) { await Task.yield() }
          changed.withLock { $0 = .now() }
          runtime.put(sampleContainer("b"), sampleContainer("c"))
        case "c": observed.withLock { $0.append(discovery.observedThrough) }
        default: break
        }
      }
    }
    try await running(discovery) {
      runtime.put(sampleContainer("a"))
      try await eventually("all are recorded") { discovery.current().count == 3 }
      let changed = try #require(changed.withLock { $0 })
      let before = try #require(observed.withLock { $0.first } ?? nil)
      #expect(before < changed)
      try await eventually("they count as observed") {
        discovery.observedThrough.map { $0 + .milliseconds(1) >= changed } == true
      }
    }
  }

  @Test func `what the coordinator is told is in the journal, and some time past`() async throws {
    runtime.put(sampleContainer("one"))
    let discovery = try discovery()
    #expect(discovery.view.observation == nil)
    try await running(discovery) {
      let view = discovery.view
      #expect(
        view.observation
          == view.observedThrough.map {
            JournalObservation(through: $0 - .seconds(1), journal: discovery.journalID, end: 2)
          })
    }
  }

  @Test func `a restart leaves a gap from the last observation on, and no container is told twice`()
    async throws
  {
    runtime.put(sampleContainer("one"))
    var last: Timestamp?
    try await running(try discovery()) {}
    let again = try discovery()
    try await running(again) {
      last = again.observedThrough
      let changes = try await records(again)
      #expect(changes.count == 3)
      guard case .unseen(let since)? = changes.last else {
        Issue.record("no gap: \(changes)")
        return
      }
      #expect(since > at(0))
      #expect(since < last ?? at(0))
    }
  }

  @Test func `a reboot of the node ends what ran before it`() async throws {
    runtime.put(sampleContainer("one"))
    try await running(try discovery()) {}
    runtime.remove("one")
    let again = try discovery(boot: "boot-2")
    try await running(again) {
      let changes = try await records(again)
      #expect(changes.contains(.ended(ContainerID(accepted: "one"), .rebooted)))
      #expect(again.current() == [])
    }
  }

  @Test func `a full journal is a trouble and then a gap, and nothing that was recorded is lost`()
    async throws
  {
    let discovery = try discovery(limits: .init(fileSize: 6000, compaction: 256))
    runtime.put(sampleContainer("one"))
    try await running(discovery) {
      var version = 0
      while discovery.observedThrough != nil, version < 100 {
        version += 1
        let before = discovery.view.journalEnd
        runtime.put(sampleContainer("one", labels: ["app": "orders", "v": "\(version)"]))
        try await eventually("it is taken in or refused") {
          discovery.view.journalEnd > before || discovery.observedThrough == nil
        }
      }
      #expect(discovery.view.troubles.contains { $0.contains("cannot be recorded") })
      let end = discovery.view.journalEnd
      #expect(try await discovery.records(after: 0, limit: 999).count == Int(end))
      await discovery.acknowledge(through: end)
      try await eventually("it records again") { discovery.observedThrough != nil }
      #expect(discovery.view.troubles == [])
      let rest = try await discovery.records(after: end, limit: 999).map(\.change)
      #expect(rest.count == 2)
      guard case .unseen? = rest.first, case .updated(let placement)? = rest.last else {
        Issue.record("no gap and update: \(rest)")
        return
      }
      #expect(placement.labels["v"] == "\(version)")
    }
  }

  @Test func `a container in an unknown state is named as a trouble and changes nothing`()
    async throws
  {
    runtime.put(sampleContainer("one"))
    let discovery = try discovery()
    try await running(discovery) {
      runtime.put(sampleContainer("one", .unknown(why: "its shim is gone")))
      try await eventually("it is named") {
        discovery.view.troubles.contains { $0.contains("its shim is gone") }
      }
      #expect(discovery.current().count == 1)
    }
  }

  @Test func `whoever waits for records wakes with the first and with cancellation`() async throws {
    let discovery = try discovery()
    try await running(discovery) {
      let end = discovery.view.journalEnd
      async let woken: Void = discovery.waitForRecords(after: end)
      runtime.put(sampleContainer("one"))
      await woken
      #expect(discovery.view.journalEnd == end + 1)
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await discovery.waitForRecords(after: 1000) }
        group.cancelAll()
      }
    }
  }

  @Test func `a coordinator that cannot continue the journal gets a new one that tells all anew`()
    async throws
  {
    runtime.put(sampleContainer("one"))
    let discovery = try discovery()
    try await running(discovery) {
      let id = discovery.journalID
      #expect(try await !discovery.meet(applied: 1))
      #expect(discovery.journalID == id)
      #expect(try await discovery.meet(applied: 77))
      #expect(discovery.journalID != id)
      try await eventually("everything is told anew") { discovery.observedThrough != nil }
      #expect(
        try await records(discovery) == [
          .unseen(since: Timestamp(nanoseconds: 0)),
          .started(samplePlacement(sampleContainer("one"))),
        ])
    }
  }

  @Test func `an event storm becomes one listing`() async throws {
    let discovery = try discovery(
      settings: DiscoverySettings(
        reconcile: .seconds(600), pulse: .seconds(600), spacing: .milliseconds(300)))
    try await running(discovery) {
      let before = runtime.state.withLock { $0.listings }
      for number in 0..<200 { runtime.put(sampleContainer("c\(number)", startedAt: Int64(number))) }
      try await eventually("all are known") { discovery.current().count == 200 }
      #expect(runtime.state.withLock { $0.listings } - before <= 4)
    }
  }
}
