internal import CLinux
internal import Glibc

/// One control group of the unified hierarchy, without groups below it, whose processes can be stopped together (cgroups(7);
/// Linux 5.2).
///
/// Of a group that has processes of its own beside groups below it, the kernel says that it is stopped as soon as those below are,
/// whatever its own processes do (seen on Linux 6.18). So such a one is none for this.
///
/// What is asked for and what is reached are two files: a process is stopped once it leaves the kernel, so the whole group may take
/// its time. New processes of a stopped group are stopped too.
package struct ControlGroup: Sendable {
  package let path: String
  /// Tells it from a later group of the same path.
  package let inode: UInt64
  /// `cgroup.freeze`, open to be read and written.
  package let freezer: DescriptorHandle
  private let events: DescriptorHandle

  private static let largestList = 4 << 20

  /// Throws `ENOENT` where there is no such group or it cannot be frozen, and `EACCES`, `EPERM` or `EROFS` where this process may
  /// not.
  package init(path: String) throws(SystemError) {
    self.path = path
    inode = try FileStatus.of(path).inode
    freezer = try DurableFile.open(path + "/cgroup.freeze", O_RDWR)
    events = try DurableFile.open(path + "/cgroup.events", O_RDONLY)
  }

  /// The group of a process below `root`, where the unified hierarchy is mounted. Nil for a process of the root itself.
  /// Blocks its thread, which has to be a dedicated one: it sees control groups as the machine's first process does from then on.
  package static func path(of process: Int32, root: String) throws(SystemError) -> String? {
    // In a pod of its own namespace the other paths would be told from its own group on.
    if let space = try? DurableFile.open("/proc/1/ns/cgroup", O_RDONLY) {
      _ = space.use { cl_enter_control_groups($0) }
    }
    let file = "/proc/\(process)/cgroup"
    let text = try TextFile.read(file, limit: 1 << 20)
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("0::/") }) else {
      throw SystemError("read", file, code: ENOENT)
    }
    let path = String(line.dropFirst(3))
    guard path != "/" else { return nil }
    guard !path.hasPrefix("/..") else { throw SystemError("read", file, code: EXDEV) }
    return root + path
  }

  /// Asks for the processes to be stopped; `EBUSY` when somebody has asked before.
  package func askToStop() throws(SystemError) {
    try freezer.use { (file) throws(SystemError) in
      guard try SystemError.check(Int(cl_pause_asked(file)), "read", "\(path)/cgroup.freeze") == 0
      else { throw SystemError("pause", path, code: EBUSY) }
      try SystemError.check(Int(cl_pause_ask(file, 1)), "write", "\(path)/cgroup.freeze")
    }
  }

  /// Lets the processes go on: false when nobody had asked for them to be stopped. A group that is gone has none.
  package func letGo() throws(SystemError) -> Bool {
    let result = freezer.use { cl_unpause($0) }
    if result == -EINVAL { return false }
    try SystemError.check(Int(result), "write", "\(path)/cgroup.freeze")
    return true
  }

  /// Whether every process is stopped. What `changed` tells counts from here on.
  package func isStopped() throws(SystemError) -> Bool {
    var buffer = [UInt8](repeating: 0, count: 256)
    let count = try events.call("read", "\(path)/cgroup.events") { pread($0, &buffer, 256, 0) }
    return String(decoding: buffer.prefix(count), as: UTF8.self)
      .split(separator: "\n").contains("frozen 1")
  }

  /// Whether `isStopped` may have another answer since it was last asked, or had for a moment; waits for that at most `limit`.
  /// Blocks its thread.
  ///
  /// The kernel tells of a second change within 10 ms of the one before only when these are over.
  package func changed(within limit: Duration) throws(SystemError) -> Bool {
    let result = events.use { cl_events_changed($0, max(0, limit.milliseconds)) }
    return try SystemError.check(Int(result), "poll", "\(path)/cgroup.events") > 0
  }

  /// The processes of the group; `ENOTEMPTY` when there are groups below it.
  package func processes() throws(SystemError) -> Set<Int32> {
    let processes = try TextFile.read(path + "/cgroup.procs", limit: Self.largestList)
    // After the list: a process of a group that is made later was in it.
    guard
      try TextFile.read(path + "/cgroup.stat", limit: 4096).split(separator: "\n")
        .contains("nr_descendants 0")
    else { throw SystemError("pause", path, code: ENOTEMPTY) }
    return Set(processes.split(separator: "\n").compactMap { Int32($0) })
  }
}

extension ControlGroups {
  /// The root of the unified hierarchy; nil on a machine without one.
  package var unified: String? {
    roots.first { access($0 + "/cgroup.controllers", F_OK) == 0 }
  }
}
