import AgentCore
import Foundation
import Glibc
import Logging
import Model
import Testing

let sampleNode = NodeID(accepted: "node-1")

func at(_ milliseconds: Int64) -> Timestamp {
  Timestamp(nanoseconds: (1_700_000_000_000 + milliseconds) * 1_000_000)
}

func sampleContainer(
  _ id: String, startedAt start: Int64 = 0, _ state: ObservedContainer.State = .running(pid: 100),
  labels: [String: String] = ["app": "orders"], mounts: [ContainerMount] = []
) -> ObservedContainer {
  ObservedContainer(
    id: ContainerID(accepted: id), name: "db", pod: "orders-0", podUID: "uid-1", namespace: "shop",
    image: "registry.example/orders:4", imageDigest: "sha256:0123", labels: labels, mounts: mounts,
    startedAt: at(start), state: state)
}

func samplePlacement(_ container: ObservedContainer, pid: Int32? = 100) -> Placement {
  Placement(
    node: sampleNode, service: ServiceName(of: container), container: container.id,
    containerName: container.name, pod: container.pod, podUID: container.podUID,
    namespace: container.namespace, image: container.image, imageDigest: container.imageDigest,
    labels: container.labels, mounts: container.mounts, pid: pid, startedAt: container.startedAt)
}

func sampleChange(_ number: Int) -> TimedChange {
  let container = sampleContainer("container-\(number)", startedAt: Int64(number))
  return TimedChange(.started(samplePlacement(container)), at: container.startedAt)
}

let silentLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A directory that goes with the test.
final class TemporaryDirectory: Sendable {
  let path: String

  init() throws {
    // In memory where that can be had: flushes that cost nothing keep the many small crashes quick.
    let parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
    var template = Array("\(parent)/stillpoint-test-XXXXXX".utf8CString)
    let made = mkdtemp(&template)
    path = String(cString: try #require(made))
  }

  deinit {
    // Nothing to be done about what cannot be removed; it is a few kilobytes.
    try? FileManager.default.removeItem(atPath: path)
  }

  func file(_ name: String) throws -> [UInt8] {
    let file = try #require(fopen(path + "/" + name, "r"), "\(name) can be read")
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 {
      bytes += buffer.prefix(count)
    }
    return bytes
  }

  func write(_ bytes: [UInt8], to name: String) throws {
    let file = try #require(fopen(path + "/" + name, "w"), "\(name) can be written")
    defer { fclose(file) }
    #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
  }
}

/// Waits for a condition, generously; how long it took says nothing.
func eventually(
  _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation,
  _ condition: () async throws -> Bool
) async throws {
  let limit = ContinuousClock.now + .seconds(60)
  while ContinuousClock.now < limit {
    if try await condition() { return }
    try await Task.sleep(for: .milliseconds(5))
  }
  Issue.record(what, sourceLocation: sourceLocation)
}
