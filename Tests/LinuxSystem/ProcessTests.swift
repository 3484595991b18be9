import Foundation
import Testing

@testable import LinuxSystem

@Suite struct `Processes` {
  @Test(arguments: [
    "7 (plain) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 1 2",
    "7 (a) b) (c d) R 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 1 2",
  ])
  func `the start time is found behind any command name`(text: String) {
    #expect(ProcessFacts.startTicks(parsing: text) == 4711)
  }

  @Test func `a text that is no stat line has no start time`() {
    #expect(ProcessFacts.startTicks(parsing: "7 (cut) S 1") == nil)
    #expect(ProcessFacts.startTicks(parsing: "") == nil)
  }

  @Test func `a child leads its own session and has only the descriptors that it was given`() throws
  {
    let output = try DescriptorHandle.pipe()
    let child = try ChildProcess(
      path: "/bin/sh", arguments: ["-c", "ls /proc/self/fd; ps -o sid= -p $$; echo pid $$"],
      environment: ["PATH=/usr/bin:/bin"], descriptors: [nil, output.writing, nil])
    #expect(child.reap(.seconds(20)))
    let text = try text(in: output.reading)
    // 3 is ls's own look into the directory.
    #expect(text.hasPrefix("0\n1\n2\n3\n"))
    #expect(text.contains("pid \(child.pid)\n"))
    #expect(
      text.split(separator: "\n").contains {
        Int32($0.trimmingCharacters(in: .whitespaces)) == child.pid
      })
  }

  @Test func `a program that is not there is an error of the start`() {
    #expect(throws: SystemError("start", "/no/such", code: 2)) {
      try ChildProcess(path: "/no/such", arguments: [], environment: [], descriptors: [])
    }
  }

  @Test func `a message carries descriptors, and the end is seen`() throws {
    let (one, other) = try MessageSocket.pair()
    let pipe = try DescriptorHandle.pipe()
    try one.send([1, 2, 3], descriptors: [pipe.writing])
    let received = try #require(try other.receive(limit: 16))
    #expect(received.message == [1, 2, 3])
    let writing = try #require(received.descriptors.first)
    writing.writeByte()
    #expect(DescriptorHandle.waitUntilReadable([pipe.reading], limit: .seconds(5)) == [0])
    one.shutDown()
    #expect(try other.receive(limit: 16) == nil)
  }

  @Test func `a descriptor tells when its process has ended`() throws {
    let child = try ChildProcess(
      path: "/bin/sleep", arguments: ["60"], environment: [], descriptors: [])
    #expect(!child.handle.hasEnded)
    try child.kill()
    #expect(child.reap(.seconds(10)))
    #expect(child.handle.hasEnded)
    #expect(throws: SystemError.self) { try ProcessHandle(child.pid) }
  }

  private func text(in pipe: DescriptorHandle) throws -> String {
    var text: [UInt8] = []
    while !DescriptorHandle.waitUntilReadable([pipe], limit: .zero).isEmpty {
      var buffer = [UInt8](repeating: 0, count: 4096)
      let count = pipe.use { read($0, &buffer, buffer.count) }
      guard count > 0 else { break }
      text += buffer[..<count]
    }
    return String(decoding: text, as: UTF8.self)
  }
}
