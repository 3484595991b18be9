import AgentCore
import CRIWire
import ContainerRuntimes
import Foundation
import GRPCCore
import Logging
import Model
import SwiftProtobuf
import Synchronization
import Testing

let silentLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// What concurrent parts of a test share.
final class Box<Value: Sendable>: Sendable {
  let value: Mutex<Value>

  init(_ value: Value) { self.value = Mutex(value) }
}

@Suite struct CRIRuntimeTests {
  let id = "209ee4a4855a1fb648a785f0198f7c413c08d888f6f0ff02e4d737a83b56b9ca"
  /// Deadlines that a busy machine keeps too, where a test is not about them.
  let patient = CRIRuntime.Deadlines(ping: .seconds(60), list: .seconds(60), status: .seconds(60))
  let volume = VolumeRef(
    driver: DriverName(accepted: "csi.example"), handle: VolumeHandle(accepted: "v1"),
    publishedAt: "/published")

  /// What containerd 2.1 answered, as recorded.
  func recorded() throws -> FakeInterface {
    var fake = FakeInterface()
    fake.containers = try recording("ps")
    fake.pods = try recording("pods")
    var status: Runtime_V1_ContainerStatusResponse = try recording("inspect")
    // The recording was made without the runtime's own document.
    status.info["info"] = #"{"sandboxID":"x","pid":4242,"config":{}}"#
    fake.status = { [status] _ in status }
    return fake
  }

  func changed(
    _ change: @escaping @Sendable (inout Runtime_V1_ContainerStatusResponse) -> Void
  ) throws -> FakeInterface {
    var fake = try recorded()
    let original = fake.status
    fake.status = { id in
      var answer = try await original(id)
      change(&answer)
      return answer
    }
    return fake
  }

  func runtime(_ socket: String) -> CRIRuntime {
    CRIRuntime(socket: socket, deadlines: patient, logger: silentLogger) { [volume] path in
      path.contains("kubernetes.io~csi") ? volume : nil
    }
  }

  /// What the runtime says of the recorded container after a change.
  func state(
    _ change: @escaping @Sendable (inout Runtime_V1_ContainerStatusResponse) -> Void
  ) async throws -> ObservedContainer.State? {
    let state = Box<ObservedContainer.State?>(nil)
    try await changed(change).serve { socket in
      let containers = try await runtime(socket).containers()
      #expect(containers.count == 1)
      state.value.withLock { $0 = containers.first?.state }
    }
    return state.value.withLock { $0 }
  }

  @Test func `a recorded container is read in full`() async throws {
    try await recorded().serve { socket in
      let runtime = runtime(socket)
      let containers = try await runtime.containers()
      let container = try #require(containers.first)
      #expect(containers.count == 1)
      #expect(container.id.text == id)
      #expect(container.name == "postgres")
      #expect(container.pod == "postgres-0")
      #expect(container.podUID == "5d4e87f0-5c6e-448c-b89b-377cebc1a2ae")
      #expect(container.namespace == "db")
      #expect(container.image == "docker.io/tb/debian:12")
      #expect(
        container.imageDigest
          == "sha256:a20f52692336b55a266a87dfa0cea20c5b9dbd63869e3caed9d18c7f51870280")
      #expect(container.labels["app"] == "postgres")
      #expect(container.labels["io.kubernetes.container.name"] == "postgres")
      #expect(container.startedAt == Timestamp(nanoseconds: 1_795_350_794_417_425_269))
      #expect(container.state == .running(pid: 4242))
      #expect(container.mounts.map(\.containerPath).first == "/data")
      #expect(container.mounts.map(\.volume) == [volume, nil, nil, nil])
      #expect(container.mounts.map(\.readOnly) == [false, true, false, false])
      #expect(try await runtime.container(container.id) == container)
      #expect(try await runtime.container(ContainerID(accepted: "other")) == nil)
    }
  }

  @Test func `the digest of a registry's manifest is preferred to the image's own ID`() async throws
  {
    let digest = "sha256:" + String(repeating: "ab", count: 32)
    var fake = try recorded()
    fake.image.image.repoDigests = ["docker.io/tb/debian@\(digest)"]
    try await fake.serve { socket in
      let digests = try await runtime(socket).containers().map(\.imageDigest)
      #expect(digests == [digest])
    }
    let named = try changed { $0.status.imageRef = "docker.io/tb/debian@\(digest)" }
    try await named.serve { socket in
      let digests = try await runtime(socket).containers().map(\.imageDigest)
      #expect(digests == [digest])
    }
  }

  @Test func `an exit has its code and time, and running out of memory is told apart`() async throws
  {
    let exited = try await state {
      $0.status.state = .containerExited
      $0.status.finishedAt = 1_795_350_800_000_000_000
      $0.status.exitCode = 3
    }
    let time = Timestamp(nanoseconds: 1_795_350_800_000_000_000)
    #expect(exited == .exited(at: time, reason: .exited(code: 3)))
    let killed = try await state {
      $0.status.state = .containerExited
      $0.status.finishedAt = 1_795_350_800_000_000_000
      $0.status.reason = "OOMKilled"
    }
    #expect(killed == .exited(at: time, reason: .outOfMemory))
  }

  @Test(arguments: [
    "", "{", "[]", #"{"pid":"12"}"#, #"{"pid":0}"#, #"{"pid":-5}"#, #"{"pid":99999999999}"#,
  ])
  func `a process ID that cannot be read makes the state unknown`(document: String) async throws {
    guard case .unknown = try await state({ $0.info["info"] = document }) else {
      Issue.record("'\(document)' was believed")
      return
    }
  }

  @Test func `a document nested without end makes the state unknown`() async throws {
    let document = String(repeating: "[", count: 100_000)
    guard case .unknown = try await state({ $0.info["info"] = document }) else {
      Issue.record("it was believed")
      return
    }
  }

  @Test func `answers that make no sense leave the container's state unknown`() async throws {
    let changes: [@Sendable (inout Runtime_V1_ContainerStatusResponse) -> Void] = [
      { $0.clearStatus() }, { $0.status.id = "another" }, { $0.status.state = .UNRECOGNIZED(9) },
      { $0.status.state = .containerUnknown }, { $0.info = [:] },
    ]
    for change in changes {
      guard case .unknown = try await state(change) else {
        Issue.record("a senseless answer was believed")
        return
      }
    }
  }

  @Test func `a container of huge labels is understood like any other`() async throws {
    let running = try await state { _ in }
    let huge = try await state {
      $0.status.labels["big"] = String(repeating: "x", count: 2 << 20)
      $0.status.annotations["bigger"] = String(repeating: "x", count: 4 << 20)
    }
    #expect(huge == running)
  }

  @Test func `one container that cannot be asked about does not hide the others`() async throws {
    var fake = try recorded()
    var other = try #require(fake.containers.containers.first)
    other.id = "other"
    var nameless = other
    nameless.id = "with space"
    var gone = other
    gone.id = "gone"
    fake.containers.containers += [other, nameless, gone]
    let original = fake.status
    fake.status = { id in
      if id == "other" { throw RPCError(code: .internalError, message: "shim") }
      if id == "gone" { throw RPCError(code: .notFound, message: "not found") }
      return try await original(id)
    }
    try await fake.serve { socket in
      let containers = try await runtime(socket).containers()
      #expect(containers.map(\.id.text) == [id, "other"])
      guard case .unknown(let why)? = containers.last?.state else {
        Issue.record("state: \(containers)")
        return
      }
      #expect(why.contains("shim"))
    }
  }

  @Test func `too many containers are refused, not believed`() async throws {
    var fake = FakeInterface()
    fake.containers.containers = (0...CRIRuntime.mostContainers).map { number in
      .with { $0.id = "c\(number)" }
    }
    try await fake.serve { socket in
      await #expect(throws: ContainerRuntimes.RuntimeError.self) {
        try await runtime(socket).containers()
      }
    }
  }

  @Test func `a missing socket, and one that is no runtime's, are told in words`() async throws {
    let missing = CRIRuntime(socket: "/nonexistent/s", logger: silentLogger) { _ in nil }
    do {
      try await missing.ping()
      Issue.record("it answered")
    } catch let error as ContainerRuntimes.RuntimeError {
      #expect(error.code == .unavailable)
      #expect(error.message.contains("/nonexistent/s"))
    }
  }

  @Test func `a runtime that does not answer is given up at the deadline`() async throws {
    var fake = try recorded()
    // A server ends only after its last answer, so this one does come in the end.
    let mayAnswer = Box(false)
    fake.status = { _ in
      while !mayAnswer.value.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(5)) }
      return .init()
    }
    try await fake.serve { socket in
      let runtime = CRIRuntime(
        socket: socket, deadlines: .init(status: .milliseconds(50)), logger: silentLogger
      ) { _ in nil }
      let containers = try await runtime.containers()
      mayAnswer.value.withLock { $0 = true }
      guard case .unknown(let why)? = containers.first?.state else {
        Issue.record("state: \(containers)")
        return
      }
      #expect(why.contains("deadline"))
    }
  }
}

@Suite struct CRIWatchTests {
  let one = ContainerID(accepted: "one")

  /// What `watch` reports of `fake`, until everything in `expected` was among it.
  func reports(of fake: FakeInterface, until expected: Set<RuntimeChange>) async throws
    -> [RuntimeChange]
  {
    let seen = Box<[RuntimeChange]>([])
    try await fake.serve { socket in
      let runtime = CRIRuntime(socket: socket, logger: silentLogger) { _ in nil }
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          try await runtime.watch { change in seen.value.withLock { $0.append(change) } }
        }
        let limit = ContinuousClock.now + .seconds(60)
        while !expected.isSubset(of: seen.value.withLock { $0 }), ContinuousClock.now < limit {
          try await Task.sleep(for: .milliseconds(5))
        }
        group.cancelAll()
        // However a cancelled subscription ends is right.
        try? await group.waitForAll()
      }
    }
    return seen.value.withLock { $0 }
  }

  func envelope(_ topic: String, _ event: some Message) throws -> Containerd_Types_Envelope {
    let bytes = try event.serializedData()
    return .with {
      $0.namespace = "k8s.io"
      $0.topic = topic
      $0.event.value = bytes
    }
  }

  @Test func `the interface's own events are used where the runtime has them`() async throws {
    var fake = FakeInterface()
    fake.events = [
      .with {
        $0.containerID = "created"
        $0.containerEventType = .containerCreatedEvent
      },
      .with {
        $0.containerID = "one"
        $0.containerEventType = .containerStoppedEvent
      },
      .with {
        $0.containerID = "bad name"
        $0.containerEventType = .containerDeletedEvent
      },
    ]
    fake.containerdEvents = []
    let reports = try await reports(of: fake, until: [.subscribed, .container(one), .anything])
    #expect(Set(reports) == [.subscribed, .container(one), .anything])
  }

  @Test func `containerd's events are used where the interface has none, without those of execs`()
    async throws
  {
    var fake = FakeInterface()
    fake.containerdEvents = [
      try envelope(
        "/tasks/exit",
        Containerd_Events_TaskExit.with {
          $0.containerID = "exec"
          $0.id = "exec-1"
        }),
      try envelope(
        "/tasks/exit",
        Containerd_Events_TaskExit.with {
          $0.containerID = "one"
          $0.id = "one"
        }),
      try envelope("/images/create", Containerd_Events_TaskOOM()),
      .with {
        $0.topic = "/tasks/start"
        $0.event.value = Data([0xff, 0xff])
      },
    ]
    let reports = try await reports(of: fake, until: [.subscribed, .container(one), .anything])
    #expect(Set(reports) == [.subscribed, .container(one), .anything])
  }

  @Test func `a runtime without any events says so`() async throws {
    let reports = try await reports(of: FakeInterface(), until: [.unsupported])
    #expect(reports.last == .unsupported)
  }
}
