internal import FoundationEssentials
internal import Glibc
internal import LinuxSystem

/// What `/proc` says about the processes of this machine.
enum ProcessTable {
  /// The process with that number as "pid start-time": never the same for two processes of one boot.
  /// Nil when there is none, or when it has ended and only waits to be reaped.
  static func identity(of pid: Int32) -> String? {
    guard let stat = text(of: pid, "stat"), let closing = stat.lastIndex(of: ")") else {
      return nil
    }
    // After the command in parentheses: the state is field 3 of proc(5), the start time field 22.
    let fields = stat[stat.index(after: closing)...].split(separator: " ")
    guard fields.count > 19, fields[0] != "Z", fields[0] != "X" else { return nil }
    return "\(pid) \(fields[19])"
  }

  /// The processes that belong to a fleet: its programs, the shims of its containers, what runs in
  /// the containers, and what was started from outside into their mount namespaces.
  static func processes(of fleet: FleetDirectory) -> [Int32] {
    let alive = all().filter { $0 != getpid() && identity(of: $0) != nil }
    let contained = alive.filter { isContained($0, in: fleet.id) }
    let own = mountNamespace(of: getpid())
    let namespaces = Set(contained.compactMap(mountNamespace)).filter { $0 != own }
    return alive.filter { pid in
      contained.contains(pid) || isProgram(pid, of: fleet)
        || mountNamespace(of: pid).map(namespaces.contains) == true
    }
  }

  /// The child of a process that runs this program.
  static func child(of parent: Int32, running program: String) -> Int32? {
    all().first { pid in
      guard let status = text(of: pid, "status"),
        status.split(separator: "\n").contains("PPid:\t\(parent)")
      else { return false }
      // It may have ended since it was listed.
      let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/exe")
      return link == program
    }
  }

  /// The words that the process was started with; empty for one that has ended.
  static func commandLine(of pid: Int32) -> [String] {
    (text(of: pid, "cmdline") ?? "").split(separator: "\0").map(String.init)
  }

  private static func all() -> [Int32] {
    // Without /proc nothing can be found, and nothing of ours can run.
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { Int32($0) }
  }

  private static func isContained(_ pid: Int32, in fleet: RunID) -> Bool {
    guard let groups = text(of: pid, "cgroup") else { return false }
    return groups.contains("/\(fleet.cgroup)/")
  }

  private static func isProgram(_ pid: Int32, of fleet: FleetDirectory) -> Bool {
    if let environment = text(of: pid, "environ"),
      environment.split(separator: "\0").contains(Substring(fleet.id.marker))
    {
      return true
    }
    // A shim may have been started with a cleaned environment; it names its containerd's socket.
    guard let line = text(of: pid, "cmdline") else { return false }
    let words = line.split(separator: "\0")
    return words.first?.hasSuffix("containerd-shim-runc-v2") == true
      && words.contains { $0.hasPrefix(fleet.path + "/") }
  }

  private static func mountNamespace(of pid: Int32) -> String? {
    // The process may have ended since it was listed.
    try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/ns/mnt")
  }

  private static func text(of pid: Int32, _ file: String) -> String? {
    try? TextFile.read("/proc/\(pid)/\(file)", limit: 64 << 20)
  }
}
