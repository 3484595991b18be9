import AgentCore
import CutProtocol
import Foundation
import LinuxSystem
import Model
import Quiescers
import Testing

@Suite(.serialized) struct `The command hold` {
  private let quiescer = QuiescerSet(settings: QuiescerSettings(protectedPaths: []))

  /// A container of sorts: its own mount and PID namespace, a volume at /srv, an environment.
  private func container() throws -> (TestVolume, ChildProcess, Int32) {
    let volume = try TestVolume()
    let outer = try ChildProcess(
      path: "/usr/bin/unshare",
      arguments: [
        "-m", "-p", "-f", "--mount-proc", "--kill-child", "--propagation", "private", "/bin/sh",
        "-c",
        "mount --bind \(volume.path) /srv && exec setpriv --reuid nobody --regid nogroup --clear-groups sleep 600",
      ], environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "GREETING=hello"],
      descriptors: [nil, nil, nil])
    let deadline = ContinuousClock.now + .seconds(20)
    while ContinuousClock.now < deadline {
      let children =
        (try? TextFile.read("/proc/\(outer.pid)/task/\(outer.pid)/children", limit: 256)) ?? ""
      if let pid = Int32(children.trimmingCharacters(in: .whitespaces)),
        ProcessFacts.name(pid) == "sleep"
      {
        return (volume, outer, pid)
      }
      usleep(5000)
    }
    throw TestFailure(description: "no container")
  }

  private func withContainer(
    _ body: (TestVolume, HoldTarget) async throws -> Void
  ) async throws {
    let (volume, outer, pid) = try container()
    defer {
      // Itself: a process that changed its user does not end with the parent any more.
      Foundation.kill(pid, SIGKILL)
      try? outer.kill()
      outer.reap(.seconds(10))
      volume.remove()
    }
    try await body(volume, .of(pid: pid, volumes: [("/srv", volume.path)]))
  }

  private func command(
    pre: String, post: String, timeout: Duration = .seconds(10), fences: Bool = false
  ) -> HoldSpec {
    .command(
      CommandHold(
        pre: ["sh", "-c", pre], post: ["sh", "-c", post], timeout: timeout, fences: fences))
  }

  private func text(_ volume: TestVolume, _ name: String) -> String? {
    try? TextFile.read("\(volume.path)/\(name)", limit: 4096)
  }

  @Test
  func `both commands run inside, as the container's user, with its environment and processes`()
    async throws
  {
    try await withContainer { volume, target in
      let hold = try await quiescer.prepare(
        command(
          pre: "echo $GREETING $(id -un) $(cat /proc/1/comm) > /srv/pre",
          post: "echo over > /srv/post",
          fences: true), for: target)
      #expect(hold.readiness.fidelity == .full)
      #expect(text(volume, "pre") == nil)
      try await hold.hold()
      #expect(text(volume, "pre") == "hello nobody sleep\n")
      #expect(text(volume, "post") == nil)
      #expect(try await hold.token() == hold.token())
      #expect(await hold.release() == ReleaseFinding(endedThisHold: true))
      #expect(text(volume, "post") == "over\n")
      await hold.discard()
    }
  }

  @Test func `a pre command that fails is refused with what it said, and post runs all the same`()
    async throws
  {
    try await withContainer { volume, target in
      let hold = try await quiescer.prepare(
        command(pre: "echo no space left; exit 7", post: "echo over > /srv/post"), for: target)
      #expect(hold.readiness.fidelity.acknowledgedIsDurable == false)
      let refusal = await #expect(throws: Refusal.self) { try await hold.hold() }
      #expect(refusal?.message == "pre command of orders exited with 7: no space left")
      #expect(await hold.release().endedThisHold == false)
      #expect(text(volume, "post") == "over\n")
      await hold.discard()
    }
  }

  @Test func `a post command that fails leaves the hold to the guardian`() async throws {
    try await withContainer { _, target in
      let hold = try await quiescer.prepare(
        command(pre: "true", post: "echo no such lock; exit 7"), for: target)
      try await hold.hold()
      #expect(
        await hold.release()
          == ReleaseFinding(
            endedThisHold: false, finding: "post command of orders exited with 7: no such lock",
            mayHold: true))
      #expect(await hold.waitUntilOver() == false)
      await hold.discard()
    }
  }

  @Test func `a pre command that hangs is killed with every descendant, in and out of its session`()
    async throws
  {
    try await withContainer { volume, target in
      let mark = "33\(UInt32.random(in: 10_000...99_999))"
      let hold = try await quiescer.prepare(
        command(
          pre: "(setsid sleep \(mark) &); setsid sleep \(mark) & sleep \(mark)",
          post: "echo over > /srv/post", timeout: .milliseconds(700)), for: target)
      let refusal = await #expect(throws: Refusal.self) { try await hold.hold() }
      #expect(refusal?.message.contains("was killed") == true)
      let left = try ProcessFacts.all().filter {
        ((try? TextFile.read("/proc/\($0)/cmdline", limit: 8192)) ?? "").contains("sleep\0\(mark)")
      }
      #expect(left.isEmpty)
      _ = await hold.release()
      #expect(text(volume, "post") == "over\n")
    }
  }

  @Test func `of a volume that is one directory of a filesystem, that directory alone is watched`()
    async throws
  {
    let volume = try TestVolume()
    let published = volume.directory + "/published"
    defer {
      _ = try? shell("umount \(published)")
      volume.remove()
    }
    try shell(
      """
      mkdir -p \(volume.path)/part/deep/deeper \(volume.path)/driver \(published) &&
      mount --bind \(volume.path)/part \(published)
      """)
    let target = try HoldTarget.of(
      pid: LinuxKernel.processNumber(), volumes: [(published, published)])
    let hold = try await quiescer.prepare(
      command(pre: "echo before > \(published)/deep/pre", post: "true", fences: true), for: target)
    #expect(hold.readiness.keepsFiles)
    try await hold.hold()
    let token = try await hold.token()
    // As the driver does that copies the volume.
    try shell("tar -cf \(volume.path)/driver/copy.tar -C \(published) .")
    #expect(try await hold.token() == token)
    try shell("echo more >> \(published)/deep/pre")
    let changed = try await hold.token()
    #expect(changed != token)
    try shell("mkdir \(published)/deep/deeper/new")
    #expect(try await hold.token() != changed)
    #expect(await hold.release().endedThisHold)
    await hold.discard()
  }

  @Test func `a volume that others share is watched from when all are held`() async throws {
    try await withContainer { volume, target in
      var target = target
      target.volumes[0].delegate = target.member
      let hold = try await quiescer.prepare(
        .command(CommandHold(pre: ["/bin/true"], post: [], fences: true)), for: target)
      try await hold.hold()
      let before = try await hold.token()
      try "late".write(toFile: volume.path + "/of-another", atomically: false, encoding: .utf8)
      #expect(try await hold.token() == before)
      try hold.allHeld()
      #expect(try await hold.token() == before)
      try "broken".write(toFile: volume.path + "/of-another", atomically: false, encoding: .utf8)
      #expect(try await hold.token() != before)
      _ = await hold.release()
      await hold.discard()
    }
  }

  @Test func `a release ends a pre command that still runs, and post follows`() async throws {
    try await withContainer { volume, target in
      let hold = try await quiescer.prepare(
        command(
          pre: "echo begun > /srv/pre; sleep 60", post: "echo over > /srv/post",
          timeout: .seconds(60)), for: target)
      await withTaskGroup(of: Void.self) { group in
        group.addTask {
          let refusal = await #expect(throws: Refusal.self) { try await hold.hold() }
          #expect(refusal?.code == .expired)
        }
        try? await eventually("pre has begun") { text(volume, "pre") == "begun\n" }
        #expect(await hold.release().endedThisHold == false)
      }
      #expect(text(volume, "post") == "over\n")
      await hold.discard()
    }
  }

  @Test func `without a hold there is no post, and a hold that nobody released ends with one`()
    async throws
  {
    try await withContainer { volume, target in
      let spec = command(pre: "true", post: "echo over >> /srv/post")
      let unused = try await quiescer.prepare(spec, for: target)
      await unused.discard()
      #expect(text(volume, "post") == nil)
      let forgotten = try await quiescer.prepare(spec, for: target)
      try await forgotten.hold()
      await forgotten.discard()
      #expect(text(volume, "post") == "over\n")
    }
  }

  @Test func `what the container lacks is refused by name`() async throws {
    try await withContainer { _, target in
      for pre in [["no-such-program"], ["/srv/no-such"]] {
        let refusal = await #expect(throws: Refusal.self) {
          try await quiescer.prepare(
            .command(CommandHold(pre: pre, post: [])), for: target)
        }
        #expect(refusal?.code == .hazard)
        #expect(refusal?.message.contains(pre[0]) == true)
      }
      let elsewhere = await #expect(throws: Refusal.self) {
        try await quiescer.prepare(
          .command(CommandHold(container: "sidecar", pre: ["true"], post: [])), for: target)
      }
      #expect(elsewhere?.message == "orders has no running container sidecar beside it")
    }
  }
}
