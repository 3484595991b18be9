import Foundation
import Testing

@testable import LinuxSystem

@Suite struct `Files` {
  @Test func `no link leads out of a container's root`() throws {
    let root = FileManager.default.temporaryDirectory.appending(path: "root-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: root) }
    try FileManager.default.createDirectory(
      atPath: root + "/etc", withIntermediateDirectories: true)
    try Data("inside".utf8).write(to: URL(filePath: root + "/etc/hostname"))
    try FileManager.default.createSymbolicLink(
      atPath: root + "/link", withDestinationPath: "/etc/hostname")
    try FileManager.default.createSymbolicLink(
      atPath: root + "/up", withDestinationPath: "../../../../etc/hostname")
    let directory = try DescriptorHandle.directory(root)
    for name in ["/link", "/up", "/etc/hostname"] {
      let bytes = try TextFile.bytes(of: directory.opened(name), name: name, limit: 100)
      #expect(String(decoding: bytes, as: UTF8.self) == "inside")
    }
    #expect(try directory.names().sorted() == ["etc", "link", "up"])
  }

  @Test func `a file above the limit is refused`() {
    #expect(throws: SystemError("read", "/proc/self/mountinfo", code: 27)) {
      try TextFile.bytes("/proc/self/mountinfo", limit: 3)
    }
  }

  @Test(arguments: [
    ("6.18.44-fc", 6, 18), ("5.17", 5, 17), ("6", 6, 0), ("", 0, 0),
  ])
  func `a kernel's release is read whatever follows it`(text: String, major: Int, minor: Int) {
    #expect(LinuxKernel.parse(release: text) == (major, minor))
  }

  @Test func `waiting for blocking work ends at the limit`() async {
    let began = LinuxKernel.timeSinceBoot()
    #expect(
      await onDedicatedThread(limit: .milliseconds(50)) {
        pause(.seconds(60)); return 1
      } == nil)
    #expect(LinuxKernel.timeSinceBoot() - began < .seconds(30))
    #expect(await onDedicatedThread(limit: .seconds(20)) { 2 } == 2)
  }

  @Test(.timeLimit(.minutes(1)))
  func `work that may be abandoned is waited for until the task is cancelled or the limit`() async {
    #expect(await onAbandonedThread { 1 } == 1)
    #expect(await onAbandonedThread(limit: .seconds(50)) { 2 } == 2)
    #expect(await onAbandonedThread(limit: .milliseconds(50)) { pause(.seconds(300)) } == nil)
    let began = AsyncStream.makeStream(of: Void.self)
    let outcome = await withTaskGroup(of: Int?.self) { group in
      group.addTask {
        await onAbandonedThread {
          began.continuation.finish()
          pause(.seconds(300))
          return 3
        }
      }
      for await _ in began.stream {}
      group.cancelAll()
      return await group.next() ?? 4
    }
    #expect(outcome == nil)
  }

  @Test func `work that was cancelled before it began is done all the same`() async {
    let done = AsyncStream.makeStream(of: Void.self)
    await withTaskGroup(of: Void.self) { group in
      group.cancelAll()
      group.addTask {
        #expect(await onAbandonedThread { done.continuation.finish() } == nil)
      }
    }
    for await _ in done.stream {}
  }
}
