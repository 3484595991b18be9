import AgentCore
import Model
import Testing

@Suite struct PlacementTrackerTests {
  let one = ContainerID(accepted: "one")
  let running = sampleContainer("one")

  /// A tracker that watches since 1000 and knows `running`.
  var watching: PlacementTracker {
    var tracker = PlacementTracker(node: sampleNode, knowledge: .init(), observedThrough: nil)
    _ = tracker.listed([running], at: at(1000))
    return tracker
  }

  @Test func `the first listing says that nothing is known from before, then what runs`() {
    var tracker = PlacementTracker(node: sampleNode, knowledge: .init(), observedThrough: nil)
    #expect(
      tracker.listed([running], at: at(1000)) == [
        TimedChange(.unseen(since: Timestamp(nanoseconds: 0)), at: at(1000)),
        TimedChange(.started(samplePlacement(running)), at: at(0)),
      ])
    #expect(tracker.sight == .watching)
    #expect(tracker.observedThrough == at(1000))
  }

  @Test func `the same listing again changes nothing`() {
    var tracker = watching
    #expect(tracker.listed([running], at: at(2000)) == [])
    #expect(tracker.observedThrough == at(2000))
  }

  @Test func `a container that ran through a gap keeps its interval`() {
    var tracker = watching
    tracker.lostSight()
    #expect(
      tracker.listed([running], at: at(5000)) == [
        TimedChange(.unseen(since: at(1000)), at: at(5000))
      ])
  }

  @Test func `a container that is gone after a gap vanished at the gap's begin`() {
    var tracker = watching
    tracker.confirmed(through: at(3000))
    tracker.lostSight()
    #expect(
      tracker.listed([], at: at(5000)) == [
        TimedChange(.unseen(since: at(3000)), at: at(5000)),
        TimedChange(.ended(one, .vanished), at: at(3000)),
      ])
  }

  @Test func `an exit in a gap has the time that the runtime remembers`() {
    var tracker = watching
    tracker.lostSight()
    let exited = sampleContainer("one", .exited(at: at(4000), reason: .exited(code: 137)))
    #expect(
      tracker.listed([exited], at: at(5000)) == [
        TimedChange(.unseen(since: at(1000)), at: at(5000)),
        TimedChange(.ended(one, .exited(code: 137)), at: at(4000)),
      ])
    #expect(tracker.listed([exited], at: at(6000)) == [])
  }

  @Test func `a container that started and ended between two looks gets its whole interval`() {
    var tracker = watching
    let short = sampleContainer("two", startedAt: 1100, .exited(at: at(1200), reason: .outOfMemory))
    #expect(
      tracker.listed([running, short], at: at(2000)) == [
        TimedChange(.started(samplePlacement(short, pid: nil)), at: at(1100)),
        TimedChange(.ended(short.id, .outOfMemory), at: at(1200)),
      ])
  }

  @Test func `a container that was never started has no interval`() {
    var tracker = watching
    var failed = sampleContainer("two", .exited(at: at(1500), reason: .exited(code: 128)))
    failed.startedAt = Timestamp(nanoseconds: 0)
    let created = sampleContainer("three", .created)
    #expect(tracker.listed([running, failed, created], at: at(2000)) == [])
  }

  @Test func `a container that is removed while it is watched ends when it is missed`() {
    var tracker = watching
    #expect(
      tracker.asked(one, found: nil, at: at(1500)) == [
        TimedChange(.ended(one, .removed), at: at(1500))
      ])
  }

  @Test func `a single answer does not end a gap`() {
    var tracker = watching
    tracker.lostSight()
    #expect(tracker.asked(one, found: nil, at: at(1500)) == [])
    tracker.confirmed(through: at(1500))
    #expect(tracker.sight == .unseen(since: at(1000)))
    #expect(tracker.observedThrough == at(1000))
  }

  @Test func `what ran before the node's start ended when it was last seen`() {
    let before = watching
    var tracker = PlacementTracker(
      node: sampleNode, knowledge: before.knowledge, observedThrough: at(2500))
    #expect(tracker.rebooted() == [TimedChange(.ended(one, .rebooted), at: at(2500))])
    let remembered = sampleContainer("one", .exited(at: at(9000), reason: .exited(code: 255)))
    #expect(
      tracker.listed([remembered], at: at(9000)) == [
        TimedChange(.unseen(since: at(2500)), at: at(9000))
      ])
  }

  @Test func `an unknown state neither ends nor begins anything`() {
    var tracker = watching
    let unknown = sampleContainer("one", .unknown(why: "shim gone"))
    let stranger = sampleContainer("two", .unknown(why: "shim gone"))
    #expect(tracker.listed([unknown, stranger], at: at(2000)) == [])
    #expect(tracker.knowledge.running.keys.map(\.text) == ["one"])
  }

  @Test func `changed labels and mounts update the placement, and a known volume stays known`() {
    let volume = VolumeRef(
      driver: DriverName(accepted: "csi.example"), handle: VolumeHandle(accepted: "v1"),
      publishedAt: "/mnt/v1")
    let mount = ContainerMount(
      containerPath: "/data", hostPath: "/mnt/v1", readOnly: false, volume: volume)
    var plain = mount
    plain.volume = nil
    var tracker = watching
    let first = sampleContainer("one", labels: ["app": "orders", "v": "2"], mounts: [mount])
    var expected = samplePlacement(running)
    expected.labels = first.labels
    expected.mounts = [mount]
    #expect(
      tracker.listed([first], at: at(2000)) == [TimedChange(.updated(expected), at: at(2000))])
    let second = sampleContainer("one", labels: first.labels, mounts: [plain])
    #expect(tracker.listed([second], at: at(3000)) == [])
  }

  @Test func `an image that is removed later does not make its container forget the digest`() {
    var tracker = watching
    var container = running
    container.imageDigest = ""
    container.image = "sha256:0123"
    #expect(tracker.listed([container], at: at(2000)) == [])
  }

  @Test func `the same ID with another process and a later start begins a new interval`() {
    var tracker = watching
    let again = sampleContainer("one", startedAt: 1500, .running(pid: 200))
    #expect(
      tracker.listed([again], at: at(2000)) == [
        TimedChange(.ended(one, .removed), at: at(1500)),
        TimedChange(.started(samplePlacement(again, pid: 200)), at: at(1500)),
      ])
  }

  @Test func `times that cannot be are replaced by the moment of observation`() {
    var tracker = watching
    let future = sampleContainer("two", startedAt: 900_000_000)
    #expect(
      tracker.asked(future.id, found: future, at: at(2000)).map(\.time) == [at(2000)])
    let endless = sampleContainer(
      "one", .exited(at: Timestamp(nanoseconds: .max), reason: .exited(code: 0)))
    #expect(tracker.asked(one, found: endless, at: at(3000)).map(\.time) == [at(3000)])
  }

  @Test func `a clock that is set back never makes an interval or a gap end before it begins`() {
    var tracker = watching
    tracker.lostSight()
    let changes = tracker.listed([], at: at(-5000))
    #expect(
      changes == [
        TimedChange(.unseen(since: at(-5000)), at: at(-5000)),
        TimedChange(.ended(one, .vanished), at: at(0)),
      ])
  }

  @Test func `a container that a listing names twice is taken once`() {
    var tracker = PlacementTracker(node: sampleNode, knowledge: .init(), observedThrough: at(0))
    #expect(tracker.listed([running, running], at: at(1000)).count == 2)
  }

  @Test func `ended containers that the runtime forgot are forgotten once there are many`() {
    var tracker = watching
    for number in 0..<3000 {
      let id = "short-\(number)"
      let start = Int64(2000 + number)
      _ = tracker.asked(
        ContainerID(accepted: id),
        found: sampleContainer(id, startedAt: start, .exited(at: at(start), reason: .removed)),
        at: at(start))
    }
    #expect(tracker.knowledge.closed.count == 3000)
    _ = tracker.listed([running], at: at(9000))
    #expect(tracker.knowledge.closed.isEmpty)
  }
}

@Suite struct ServiceNameTests {
  @Test(arguments: [
    (["app.kubernetes.io/name": "orders", "app": "shop"], "db", "orders"),
    (["app": "shop"], "db", "shop"),
    ([:], "db", "db"),
    (["app": "My_Service"], "db", "my-service"),
    (["app": "--"], "db", "db"),
    (["app": "_a.b-"], "db", "a.b"),
    (["app": String(repeating: "x", count: 62) + "--y"], "db", String(repeating: "x", count: 62)),
    (["app": ""], "", "container-0123456789ab"),
    (["app": "Größe"], "db", "gr--e"),
  ])
  func `the service's name comes from the strongest label that has one`(
    labels: [String: String], name: String, expected: String
  ) throws {
    var container = sampleContainer("0123456789abcdef", labels: labels)
    container.name = name
    let service = ServiceName(of: container)
    #expect(service.text == expected)
    #expect(try ServiceName(service.text) == service)
  }

  @Test(arguments: [
    ("orders-7d4b9c-x2x5z", ["pod-template-hash": "7d4b9c"], "orders"),
    ("orders-api-7d4b9c-x2x5z", ["pod-template-hash": "7d4b9c"], "orders-api"),
    // A long name was cut before the random part: nothing can be concluded from it.
    ("a-very-long-name-7d4x2x5z", ["pod-template-hash": "7d4b9c"], "postgres"),
    ("db-12", ["apps.kubernetes.io/pod-index": "12"], "db"),
    ("db-0", ["statefulset.kubernetes.io/pod-name": "db-0"], "db"),
    ("log-x2x5z", ["pod-template-generation": "3", "controller-revision-hash": "c"], "log"),
    ("report-29384750-x2x5z", ["batch.kubernetes.io/job-name": "report-29384750"], "report"),
    ("migrate-20261123-x2x5z", ["job-name": "migrate-20261123"], "migrate-20261123"),
    ("db-0", [:], "postgres"),
    ("-x2x5z", ["pod-template-generation": "3"], "postgres"),
  ])
  func `a controller's labels say it before those that somebody copied`(
    pod: String, labels: [String: String], expected: String
  ) {
    var container = sampleContainer(
      "0123456789abcdef", labels: labels.merging(["app": "postgres"]) { $1 })
    container.pod = pod
    #expect(ServiceName(of: container).text == expected)
  }
}
