internal import Glibc

/// What `/proc` says about a process (proc(5)). Throws `ENOENT` or `ESRCH` once it is gone.
package enum ProcessFacts {
  /// When it started, in clock ticks after boot: with the number it identifies the process.
  package static func startTicks(_ pid: Int32) throws(SystemError) -> UInt64 {
    let path = "/proc/\(pid)/stat"
    guard let ticks = startTicks(parsing: try TextFile.read(path, limit: 4096)) else {
      throw SystemError("read", path, code: EBADMSG)
    }
    return ticks
  }

  /// Field 22. The command name in field 2 may hold spaces and parentheses, so fields count from the last `)`.
  package static func startTicks(parsing text: String) -> UInt64? {
    guard let end = text.lastIndex(of: ")") else { return nil }
    let fields = text[text.index(after: end)...].split(whereSeparator: \.isWhitespace)
    return fields.count > 19 ? UInt64(fields[19]) : nil
  }

  /// Its effective user and group.
  package static func owner(_ pid: Int32) throws(SystemError) -> (user: UInt32, group: UInt32) {
    let path = "/proc/\(pid)/status"
    let text = try TextFile.read(path, limit: 65536)
    func effective(_ key: String) -> UInt32? {
      let line = text.split(separator: "\n").first { $0.hasPrefix(key) }
      let fields = line?.split(whereSeparator: \.isWhitespace)
      return fields.flatMap { $0.count > 2 ? UInt32($0[2]) : nil }
    }
    guard let user = effective("Uid:"), let group = effective("Gid:") else {
      throw SystemError("read", path, code: EBADMSG)
    }
    return (user, group)
  }

  /// The environment it was started with, at most `limit` bytes of it.
  package static func environment(_ pid: Int32, limit: Int) throws(SystemError) -> [String] {
    let bytes = try TextFile.bytes("/proc/\(pid)/environ", limit: 4 << 20)
    var total = 0
    return bytes.split(separator: 0).prefix {
      total += $0.count + 1
      return total <= limit
    }.map { String(decoding: $0, as: UTF8.self) }
  }

  /// Its short name.
  package static func name(_ pid: Int32) -> String {
    // Only for messages; a process that is gone has no name any more.
    let text = (try? TextFile.read("/proc/\(pid)/comm", limit: 256)) ?? "?"
    return text.trimmingNewline()
  }

  /// Identifies its mount namespace.
  package static func mountNamespace(_ pid: Int32) throws(SystemError) -> UInt64 {
    try FileStatus.of("/proc/\(pid)/ns/mnt").inode
  }

  /// Every process of this machine that is visible from here.
  package static func all() throws(SystemError) -> [Int32] {
    try DescriptorHandle.directory("/proc").names().compactMap { Int32($0) }
  }

  /// The resident memory of a process in bytes (`VmRSS`).
  package static func residentMemory(_ pid: Int32) throws(SystemError) -> UInt64 {
    let path = "/proc/\(pid)/status"
    let line = try TextFile.read(path, limit: 65536).split(separator: "\n")
      .first { $0.hasPrefix("VmRSS:") }
    let fields = line?.split(whereSeparator: \.isWhitespace) ?? []
    guard fields.count > 1, let kibibytes = UInt64(fields[1]) else {
      throw SystemError("read", path, code: EBADMSG)
    }
    return min(kibibytes, UInt64.max / 1024) * 1024
  }
}

extension String {
  fileprivate func trimmingNewline() -> String {
    hasSuffix("\n") ? String(dropLast()) : self
  }
}
