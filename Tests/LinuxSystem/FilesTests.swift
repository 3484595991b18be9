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
}
