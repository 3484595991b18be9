internal import CLinux
internal import Glibc

/// What keeps this process alive and quick when the machine is in trouble.
struct Protection {
  var memoryIsLocked: Bool
  var isSparedByOutOfMemory: Bool

  /// Takes every protection that this process is allowed to take.
  static func raise() -> Protection {
    // Whoever ends the agent's group must not end the guardian with it: it goes when nothing is held any more.
    for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2, SIGTSTP] {
      signal(number, SIG_IGN)
    }
    // No directory is kept busy.
    _ = chdir("/")
    // Without CAP_SYS_RESOURCE the score can only be what was inherited or worse, so nothing in between is tried: the
    // agent's unit gives a better one than any guess.
    _ = set(outOfMemoryScore: "-1000")
    return Protection(
      memoryIsLocked: cl_lock_memory() == 0, isSparedByOutOfMemory: outOfMemoryScore() < 0)
  }

  private static func set(outOfMemoryScore score: String) -> Bool {
    let file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    return score.withCString { write(file, $0, strlen($0)) } > 0
  }

  /// 0, the same as for any process, when it cannot be read.
  private static func outOfMemoryScore() -> Int {
    let file = open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return 0 }
    defer { close(file) }
    var buffer = [UInt8](repeating: 0, count: 16)
    let count = read(file, &buffer, buffer.count - 1)
    guard count > 0 else { return 0 }
    return Int(String(decoding: buffer.prefix(count), as: UTF8.self).filter { !$0.isWhitespace })
      ?? 0
  }

  /// This process's resident memory in bytes (second field of `/proc/self/statm`, in pages).
  static func residentBytes() -> UInt64 {
    let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return 0 }
    defer { close(file) }
    var buffer = [UInt8](repeating: 0, count: 128)
    let count = read(file, &buffer, buffer.count)
    let fields = buffer.prefix(max(0, count)).split(separator: UInt8(ascii: " "))
    guard fields.count > 1 else { return 0 }
    let pages = fields[1].reduce(UInt64(0)) { $0 * 10 + UInt64($1 &- UInt8(ascii: "0")) }
    return pages * UInt64(sysconf(Int32(_SC_PAGESIZE)))
  }
}
