import DemoFleet
import Foundation
import Glibc
import Testing

/// A filesystem that is frozen is what a disk looks like that does not answer: whoever writes to it waits.
@Suite(.serialized, .enabled(if: geteuid() == 0, "needs root: it mounts and freezes a filesystem"))
struct StepDownDeadlineTests {
  @Test(.timeLimit(.minutes(4)))
  func `a term that cannot be stopped ends the process, which says so`() async throws {
    try await withFreezableDisk { program, disk in
      try program.daemon.start()
      try await program.wait(until: "active")
      try await disk.freeze()
      await program.takeLease()
      try await program.wait(for: "did not stop within 10.00 s")
      #expect(program.count(of: "coordinator stepped down") == 0)
      #expect(program.count(of: "standing by") == 0)
      // A thread that waits for the disk holds up even the end of its process.
      try await disk.thaw()
      try await program.daemon.waitUntilEnded(within: LeasedProgram.limit)
    }
  }

  @Test(.timeLimit(.minutes(4)))
  func `a catalog that takes longer to open than a lease lasts is opened all the same`()
    async throws
  {
    try await withFreezableDisk { program, disk in
      try await Self.openFrozen(program, disk)
      let opening = ContinuousClock.now
      try await waitUntil("more than a lease's time", within: LeasedProgram.limit) {
        #expect(await program.health()?.role == "starting")
        return ContinuousClock.now - opening > .seconds(17)
      }
      #expect(await program.health()?.isLive == true)
      try await disk.thaw()
      try await program.wait(until: "active")
      #expect(program.count(of: "coordinator steps down") == 1)
      #expect(try await program.daemon.stop(within: .seconds(30)))
    }
  }

  @Test(.timeLimit(.minutes(4)))
  func `a lease that is lost while the catalog is opened ends the process, which says so`()
    async throws
  {
    try await withFreezableDisk { program, disk in
      try await Self.openFrozen(program, disk)
      await program.takeLease()
      try await program.wait(for: "was being opened, which cannot be broken off")
      #expect(program.count(of: "standing by") == 1)
      try await disk.thaw()
      try await program.daemon.waitUntilEnded(within: LeasedProgram.limit)
      #expect(program.count(of: "Fatal error") == 0)
    }
  }

  /// Brings the program to where it opens its catalog, and leaves it there.
  private static func openFrozen(_ program: LeasedProgram, _ disk: FreezableDisk) async throws {
    try program.daemon.start()
    try await program.wait(until: "active")
    await program.takeLease()
    try await program.wait(until: "standby")
    try await disk.freeze()
    await program.giveLeaseBack()
    try await program.wait(until: "starting")
  }
}

/// A disk of its own for a program's state.
private struct FreezableDisk {
  let mount: String

  func freeze() async throws { try await Command("fsfreeze", ["-f", mount]).run() }
  func thaw() async throws { try await Command("fsfreeze", ["-u", mount]).run() }
}

/// Gives `body` a program whose state is on such a disk; the fleet's sweep thaws it and takes it away, whatever happens.
private func withFreezableDisk(
  _ body: @escaping @Sendable (LeasedProgram, FreezableDisk) async throws -> Void
) async throws {
  try await LeasedProgram.with(
    state: { directory in
      let mount = "\(directory.path)/mount"
      try await Command(
        "sh",
        [
          "-c",
          "mkdir \(mount) && truncate -s 64M \(mount).image && mkfs.ext4 -q \(mount).image && "
            + "mount -o loop \(mount).image \(mount)",
        ]
      ).run()
      return "\(mount)/state"
    }
  ) { program in
    try await body(program, FreezableDisk(mount: "\(program.directory.path)/mount"))
  }
}
