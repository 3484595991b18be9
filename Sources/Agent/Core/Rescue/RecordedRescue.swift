internal import CutProtocol
internal import Glibc
internal import GuardianWatch
internal import LinuxSystem

/// Performs actions that a record kept, each only on what it was meant for. Blocks its thread.
enum RecordedRescue {
  typealias Result = (outcome: ThawOnStart.Finding.Outcome, text: String)

  /// Thaws the filesystem of the device, wherever it is mounted now.
  static func thaw(mountPoint: String, device: String) -> Result {
    guard let number = DeviceNumber(device) else {
      return (.failed, "freeze of \(mountPoint): '\(device)' is no device number")
    }
    guard let directory = mountedDirectory(of: number, preferring: mountPoint) else {
      return (
        .alreadyOver,
        "\(mountPoint) (device \(device)) is mounted nowhere any more, nothing to thaw"
      )
    }
    // A freeze that the dead agent had begun may only now become complete.
    for attempt in 0..<5 {
      if attempt > 0 { usleep(60_000) }
      do {
        try FilesystemFreeze.thaw(directory, name: mountPoint)
        return (.ended, "\(mountPoint) was still frozen and is thawed")
      } catch  where error.code == EINVAL {
        continue
      } catch {
        return (.failed, "\(error)")
      }
    }
    return (.alreadyOver, "\(mountPoint) was not frozen any more")
  }

  /// Lets the processes of a control group go on.
  static func unpause(_ path: String, inode: UInt64) -> Result {
    let gone: Result = (.alreadyOver, "control group \(path) is gone, nothing is paused")
    do throws(SystemError) {
      let group = try ControlGroup(path: path)
      guard group.inode == inode else { return gone }
      // A pause that the dead agent had begun may only now become complete.
      for attempt in 0..<5 {
        if attempt > 0 { usleep(60_000) }
        if try group.letGo() { return (.ended, "\(path) was still paused and goes on") }
      }
      return (.alreadyOver, "\(path) was not paused any more")
    } catch {
      return error.code == ENOENT || error.code == ENODEV ? gone : (.failed, "\(error)")
    }
  }

  static func kill(pid: Int32, startTicks: UInt64) -> Result {
    let over: Result = (.alreadyOver, "session process \(pid) had ended")
    do {
      let process = try ProcessHandle(pid)
      // Read after the handle was opened: the number can not change its owner between the two.
      guard try ProcessFacts.startTicks(pid) == startTicks else { return over }
      try process.kill()
      return (.ended, "session process \(pid) was still there and is killed")
    } catch  where error.code == ESRCH || error.code == ENOENT {
      return over
    } catch {
      return (.failed, "\(error)")
    }
  }

  static func run(
    _ arguments: [String], timeout: Duration, inside: ProcessIdentity?, sameBoot: Bool
  ) -> Result {
    guard let program = arguments.first else { return (.failed, "a command without a program") }
    let shown = arguments.joined(separator: " ")
    var environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
    if let inside {
      let ticks = sameBoot ? try? ProcessFacts.startTicks(inside.pid) : nil
      guard ticks == inside.startTicks else {
        return (
          .failed,
          "container \(inside.container) has started anew since, so `\(shown)` was not run in it; run it where its effect outlives the container"
        )
      }
      if let own = try? ProcessFacts.environment(inside.pid, limit: 32 << 10) { environment = own }
    }
    let result = SupervisedProgram.run(
      path: program, arguments: Array(arguments.dropFirst()), environment: environment,
      // A record may be damaged, and nothing else starts before this has ended.
      timeout: min(timeout, GuardianLimits.longestRun),
      mark: "STILLPOINT_RUN=start-\(getpid())-\(inside?.pid ?? 0)")
    switch result.ending {
    case .exited(0): return (.ended, "`\(shown)` was run")
    case .exited(let code): return (.failed, "`\(shown)` exited with \(code): \(result.output)")
    case .signalled(let number): return (.failed, "`\(shown)` was ended by signal \(number)")
    case .timedOut, .cancelled: return (.failed, "`\(shown)` took too long and was killed")
    case .notStarted(let error): return (.failed, "`\(shown)` could not be started: \(error)")
    }
  }

  /// A directory on the device's filesystem: at its old place, elsewhere, or in another process's namespace.
  private static func mountedDirectory(
    of device: DeviceNumber, preferring mountPoint: String
  ) -> DescriptorHandle? {
    func opened(_ path: String) -> DescriptorHandle? {
      // A mount that cannot be opened is no way to the filesystem; another one may be.
      guard let directory = try? DescriptorHandle.directory(path),
        let table = try? directory.status(), table.device == device
      else { return nil }
      return directory
    }
    if let directory = opened(mountPoint) { return directory }
    let own = (try? MountTable.read())?.mounts(of: device) ?? []
    for mount in own { if let directory = opened(mount.mountPoint) { return directory } }
    var seen: Set<UInt64> = []
    for pid in (try? ProcessFacts.all()) ?? [] {
      guard let namespace = try? ProcessFacts.mountNamespace(pid), seen.insert(namespace).inserted,
        let table = try? MountTable.read(process: pid)
      else { continue }
      for mount in table.mounts(of: device) {
        if let directory = opened("/proc/\(pid)/root\(mount.mountPoint)") { return directory }
      }
    }
    return nil
  }
}
