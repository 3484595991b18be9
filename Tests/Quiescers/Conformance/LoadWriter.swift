import Foundation
import Glibc
import LinuxSystem
import Synchronization

/// The second place: every number that a server has acknowledged, kept outside of it.
final class Ledger: Sendable {
  private let numbers = Mutex<Set<Int>>([])

  func record(_ number: Int) { numbers.withLock { _ = $0.insert(number) } }
  var acknowledged: Set<Int> { numbers.withLock { $0 } }
}

/// One client of the server, which writes a number, waits for its acknowledgement, records it, and goes on.
final class LoadWriter: Sendable {
  private let client: TestClient

  /// Writes `first`, `first + 1` and so on for as long as the client lives.
  init(_ subject: Subject, on server: TestServer, from first: Int, ledger: Ledger) throws {
    client = try TestClient(subject.client, on: server)
    let client = client
    startThread {
      var reader = LineReader(client.output)
      var number = first
      while client.say(subject.write(number)) {
        repeat {
          guard let line = reader.next() else { return }
          if subject.acknowledges(line, number) { break }
        } while true
        ledger.record(number)
        number += 1
      }
    }
  }

  func stop() { client.stop() }
}

/// A program beside the server that is spoken to line by line.
final class TestClient: Sendable {
  private let process: ChildProcess
  private let input: DescriptorHandle
  let output: DescriptorHandle

  init(_ command: String, on server: TestServer) throws {
    let toClient = try DescriptorHandle.pipe()
    let fromClient = try DescriptorHandle.pipe()
    process = try ChildProcess(
      path: "/usr/bin/nsenter",
      arguments: ["-t", "\(server.process.pid)", "-m", "/bin/sh", "-c", "exec \(command)"],
      environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "HOME=/"],
      descriptors: [toClient.reading, fromClient.writing, nil])
    input = toClient.writing
    output = fromClient.reading
  }

  /// Says one line; false once nobody hears it.
  @discardableResult
  func say(_ line: String) -> Bool {
    let bytes = Array((line + "\n").utf8)
    // Far below what a pipe takes at once.
    return input.use { number in
      bytes.withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) } == bytes.count
    }
  }

  /// Says one line and waits for the one that answers it.
  func ask(_ line: String) throws -> String {
    guard say(line), !DescriptorHandle.waitUntilReadable([output], limit: .seconds(30)).isEmpty
    else { throw TestFailure(description: "nobody answers `\(line)`") }
    var reader = LineReader(output)
    return reader.next() ?? ""
  }

  func stop() {
    kill(-process.pid, SIGKILL)
    process.reap(.seconds(20))
  }
}

/// The lines of a pipe.
struct LineReader {
  private let descriptor: DescriptorHandle
  private var left: [UInt8] = []

  init(_ descriptor: DescriptorHandle) { self.descriptor = descriptor }

  /// Nil at the end.
  mutating func next() -> String? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      if let end = left.firstIndex(of: UInt8(ascii: "\n")) {
        defer { left.removeSubrange(...end) }
        return String(decoding: left[..<end], as: UTF8.self)
      }
      let count = try? descriptor.call("read", "a pipe") { Glibc.read($0, &buffer, buffer.count) }
      guard let count, count > 0 else { return nil }
      left += buffer[..<count]
    }
  }
}
