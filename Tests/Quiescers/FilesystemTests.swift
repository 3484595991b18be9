import AgentCore
import CutProtocol
import Foundation
import LinuxSystem
import Model
import Quiescers
import Testing

@Suite(.serialized) struct `The filesystem hold` {
  private let quiescer = QuiescerSet(settings: QuiescerSettings(protectedPaths: []))

  @Test(arguments: ["ext4", "xfs"])
  func `a held filesystem is frozen, its token constant, and its release ends this hold`(
    kind: String
  )
    async throws
  {
    let volume = try TestVolume(megabytes: kind == "xfs" ? 320 : 64, kind: kind)
    defer { volume.remove() }
    let hold = try await quiescer.prepare(.filesystem, for: volume.target())
    #expect(try !volume.isFrozen)
    try shell("head -c 8000000 /dev/urandom > \(volume.path)/dirty")
    let writer = try ChildProcess(
      path: "/bin/sh",
      arguments: [
        "-c", "while kill -0 $PPID; do head -c 65536 /dev/zero >> \(volume.path)/grow; done",
      ],
      environment: ["PATH=/bin:/usr/bin"], descriptors: [nil, nil, nil])
    defer {
      kill(-writer.pid, SIGKILL)
      writer.reap(.seconds(20))
    }
    try await hold.hold()
    #expect(try volume.isFrozen)
    let token = try await hold.token()
    #expect(token.values.count == 1)
    for _ in 0..<30 {
      try await Task.sleep(for: .milliseconds(10))
      #expect(try await hold.token() == token)
    }
    #expect(await hold.release() == ReleaseFinding(endedThisHold: true))
    #expect(try !volume.isFrozen)
    try await eventually("the writer goes on") {
      try shell("sync -f \(volume.path)")
      return try await hold.token() != token
    }
    await hold.discard()
  }

  @Test func `a filesystem that somebody else froze is refused and left frozen`() async throws {
    let volume = try TestVolume()
    defer { volume.remove() }
    let hold = try await quiescer.prepare(.filesystem, for: volume.target())
    try shell("fsfreeze --freeze \(volume.path)")
    let refusal = await #expect(throws: Refusal.self) { try await hold.hold() }
    #expect(refusal?.code == .busy)
    #expect(await hold.release().endedThisHold == false)
    await hold.discard()
    #expect(try volume.isFrozen)
  }

  @Test func `a thaw by somebody else is found at the release`() async throws {
    let volume = try TestVolume()
    defer { volume.remove() }
    let hold = try await quiescer.prepare(.filesystem, for: volume.target())
    try await hold.hold()
    try shell("fsfreeze --unfreeze \(volume.path)")
    let finding = await hold.release()
    #expect(!finding.endedThisHold)
    #expect(finding.finding?.contains("thawed by somebody else") == true)
    await hold.discard()
  }

  @Test func `a release in a cancelled task thaws`() async throws {
    let volume = try TestVolume()
    defer { volume.remove() }
    let hold = try await quiescer.prepare(.filesystem, for: volume.target())
    try await hold.hold()
    let finding = await withTaskGroup(of: ReleaseFinding.self) { group in
      group.cancelAll()
      group.addTask { await hold.release() }
      return await group.next()
    }
    #expect(finding == ReleaseFinding(endedThisHold: true))
    #expect(try !volume.isFrozen)
  }

  @Test func `a release behind a freeze that hangs says so, and thaws once the disk answers`()
    async throws
  {
    let disk = try TestVolume(megabytes: 256)
    defer { disk.remove() }
    let volume = try TestVolume(on: disk)
    defer { volume.remove() }
    let hold = try await quiescer.prepare(.filesystem, for: volume.target())
    try shell("head -c 4000000 /dev/urandom > \(volume.path)/dirty")
    try shell("fsfreeze --freeze \(disk.path)")
    defer { _ = try? shell("fsfreeze --unfreeze \(disk.path)") }
    async let refusal: Refusal? = {
      do throws(Refusal) {
        try await hold.hold()
        return nil
      } catch {
        return error
      }
    }()
    try await eventually("the freeze waits for its disk") {
      try shell("cut -d' ' -f3 /proc/\(LinuxKernel.processNumber())/task/*/stat").contains("D")
    }
    let finding = await hold.release()
    #expect(!finding.endedThisHold)
    #expect(finding.mayHold)
    async let isOver = hold.waitUntilOver()
    try shell("fsfreeze --unfreeze \(disk.path)")
    #expect(await isOver)
    #expect(await refusal?.code == .expired)
    #expect(try !volume.isFrozen)
    await hold.discard()
  }

  @Test func `a hold that was never released ends when it is discarded`() async throws {
    let volume = try TestVolume()
    defer { volume.remove() }
    let hold = try await quiescer.prepare(.filesystem, for: volume.target())
    try await hold.hold()
    await hold.discard()
    #expect(try !volume.isFrozen)
  }

  @Test func `what would be dangerous to freeze is refused before anything is frozen`() async throws
  {
    let volume = try TestVolume()
    defer { volume.remove() }
    let other = try TestVolume()
    defer { other.remove() }
    func refusal(
      _ target: HoldTarget, protecting paths: [String] = []
    ) async -> Refusal? {
      await #expect(throws: Refusal.self) {
        try await QuiescerSet(settings: QuiescerSettings(protectedPaths: paths))
          .prepare(.filesystem, for: target)
      }
    }
    let root = await refusal(
      try .of(pid: LinuxKernel.processNumber(), volumes: [("/usr", "/usr")]))
    #expect(root?.code == .hazard)
    #expect(root?.message.contains("shares its filesystem with /") == true)

    let own = await refusal(try volume.target(), protecting: [volume.path])
    #expect(own?.code == .hazard)

    let memory = await refusal(
      try .of(pid: LinuxKernel.processNumber(), volumes: [("/proc", "/proc")]))
    #expect(memory?.code == .hazard)

    let none = await refusal(try .of(pid: LinuxKernel.processNumber(), volumes: []))
    #expect(none?.code == .hazard)

    let moved = await refusal(
      try .of(pid: LinuxKernel.processNumber(), volumes: [(volume.path, other.path)]))
    #expect(moved?.code == .moved)
  }

  @Test func `a volume that a stranger also uses is refused, naming the stranger`() async throws {
    let volume = try TestVolume()
    defer { volume.remove() }
    let stranger = try ChildProcess(
      path: "/usr/bin/unshare",
      arguments: [
        "-m", "--propagation", "private", "/bin/sh", "-c",
        "mount --bind \(volume.path) /mnt && exec sleep 600",
      ], environment: ["PATH=/usr/bin:/bin:/usr/sbin:/sbin"], descriptors: [nil, nil, nil])
    defer {
      try? stranger.kill()
      stranger.reap(.seconds(10))
    }
    try await eventually("the stranger sleeps") { ProcessFacts.name(stranger.pid) == "sleep" }
    let refusal = await #expect(throws: Refusal.self) {
      try await quiescer.prepare(.filesystem, for: volume.target())
    }
    #expect(refusal?.code == .hazard)
    #expect(refusal?.message.contains("process \(stranger.pid) (sleep)") == true)
  }

  @Test func `two volumes of one member freeze together`() async throws {
    let volumes = [try TestVolume(), try TestVolume()]
    defer { for volume in volumes { volume.remove() } }
    let hold = try await quiescer.prepare(
      .filesystem,
      for: .of(pid: LinuxKernel.processNumber(), volumes: volumes.map { ($0.path, $0.path) }))
    try await hold.hold()
    for volume in volumes { #expect(try volume.isFrozen) }
    #expect(await hold.release().endedThisHold)
    for volume in volumes { #expect(try !volume.isFrozen) }
    await hold.discard()
  }
}
