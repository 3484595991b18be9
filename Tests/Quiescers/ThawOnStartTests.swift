import AgentCore
import CutProtocol
import Foundation
import LinuxSystem
import Model
import Testing

@Suite(.serialized) final class `Thaw on start` {
  private let directory: String
  private let store: HoldRecordStore
  private let boot: String

  init() throws {
    directory = FileManager.default.temporaryDirectory.appending(path: "sp-run-\(UUID())").path
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    store = HoldRecordStore(runDirectory: directory)
    boot = try LinuxKernel.bootID()
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  private func record(
    _ rescue: [RescueRecord], boot: String? = nil, counter: UInt64 = 1
  ) throws -> HoldRecord {
    HoldRecord(
      hold: HoldID(boot: boot ?? self.boot, incarnation: 1, counter: counter),
      member: try ServiceName("orders"), fence: Fence(epoch: 1, cut: 1, attempt: 1),
      takenAt: .now(), rescue: rescue)
  }

  private func perform() async -> [ThawOnStart.Finding.Outcome] {
    await ThawOnStart(store: store, boot: boot).perform().map(\.outcome)
  }

  private func names() throws -> [String] {
    try DescriptorHandle.directory(store.directory).names().sorted()
  }

  @Test func `without records there is nothing to do`() async {
    #expect(await perform() == [])
  }

  @Test func `a record that was removed is forgotten`() async throws {
    let record = try record([.run(["/bin/false"], timeout: Elapsed(.seconds(1)), inside: nil)])
    try store.write(record)
    try store.remove(record.hold)
    try store.remove(record.hold)
    #expect(await perform() == [])
  }

  @Test func `a damaged record is kept aside and keeps no other from being done`() async throws {
    try store.write(
      record([
        .run(["/usr/bin/touch", directory + "/done"], timeout: Elapsed(.seconds(9)), inside: nil)
      ]))
    try Data("{\"hold\": {".utf8).write(to: URL(filePath: store.directory + "/a.json"))
    try Data().write(to: URL(filePath: store.directory + "/b.json"))
    #expect(await perform() == [.failed, .failed, .ended])
    #expect(FileManager.default.fileExists(atPath: directory + "/done"))
    #expect(try names() == ["a.json.unreadable", "b.json.unreadable"])
    #expect(await perform() == [])
  }

  @Test func `what is understood of a newer record is done`() async throws {
    try store.write(
      record([
        .run(["/usr/bin/touch", directory + "/done"], timeout: Elapsed(.seconds(9)), inside: nil)
      ]))
    let path = store.directory + "/" + (try names()[0])
    let text = try TextFile.read(path, limit: 10_000)
    let newer = text.replacing("\"rescue\" : [", with: "\"rescue\" : [ {\"levitate\": {}},")
    try Data(newer.utf8).write(to: URL(filePath: path))
    #expect(await perform() == [.failed, .ended])
    #expect(FileManager.default.fileExists(atPath: directory + "/done"))
  }

  @Test func `a process that took another's number is not killed`() async throws {
    let child = try ChildProcess(
      path: "/bin/sleep", arguments: ["600"], environment: [], descriptors: [nil, nil, nil])
    defer {
      try? child.kill()
      child.reap(.seconds(10))
    }
    let ticks = try ProcessFacts.startTicks(child.pid)
    try store.write(record([.kill(pid: child.pid, startTicks: ticks + 1)]))
    #expect(await perform() == [.alreadyOver])
    try store.write(record([.kill(pid: child.pid, startTicks: ticks)], boot: "another"))
    #expect(await perform() == [.alreadyOver])
    #expect(!child.handle.hasEnded)
    try store.write(record([.kill(pid: child.pid, startTicks: ticks)]))
    #expect(await perform() == [.ended])
    #expect(child.handle.waitForEnd(.seconds(10)))
  }

  @Test func `lasting modes of an earlier boot are undone, its freezes are over`() async throws {
    try store.write(
      record(
        [
          .thaw(mountPoint: "/", device: "254:0"),
          .run(
            ["/usr/bin/touch", directory + "/done"], timeout: Elapsed(.seconds(9)), inside: nil),
        ], boot: "another"))
    #expect(await perform() == [.alreadyOver, .ended])
    #expect(FileManager.default.fileExists(atPath: directory + "/done"))
  }

  @Test func `a command for a container that is another one now is not run, and that is said`()
    async throws
  {
    let gone = ProcessIdentity(
      container: try ContainerID("c"), pid: LinuxKernel.processNumber(), startTicks: 1)
    try store.write(
      record([
        .run(["/usr/bin/touch", directory + "/done"], timeout: Elapsed(.seconds(9)), inside: gone)
      ]))
    #expect(await perform() == [.failed])
    #expect(!FileManager.default.fileExists(atPath: directory + "/done"))
    #expect(try names().count == 1)
  }

  @Test func `a device that is mounted nowhere any more has nothing to thaw`() async throws {
    try store.write(record([.thaw(mountPoint: "/no/such", device: "7:999")]))
    #expect(await perform() == [.alreadyOver])
    #expect(try names() == [])
  }
}
