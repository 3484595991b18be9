internal import CLinux
internal import Glibc

/// What this machine's kernel says of itself.
package enum LinuxKernel {
  /// What tells this machine from a copy of its disk: the firmware's number, which a hypervisor makes anew for a copy, or
  /// that of the installation where there is none (`machine-id(5)`). Nil where neither can be read.
  package static func machineID() -> MachineID? {
    for (source, path) in [
      (MachineID.Source.firmware, "/sys/class/dmi/id/product_uuid"),
      (.installation, "/etc/machine-id"),
    ] {
      // A machine without such firmware, or a reader without the right to it: the next source is asked.
      guard let text = try? TextFile.read(path, limit: 256) else { continue }
      let value = text.trimmingPrefix(while: \.isWhitespace).prefix { !$0.isWhitespace }
      if !value.isEmpty { return MachineID(source: source, value: value.lowercased()) }
    }
    return nil
  }

  /// `/proc/sys/kernel/random/boot_id`: another one after every boot.
  package static func bootID() throws(SystemError) -> String {
    let text = try TextFile.read("/proc/sys/kernel/random/boot_id", limit: 256)
    return String(text.split(whereSeparator: \.isWhitespace).first ?? "")
  }

  /// The first two numbers of the release, for example (6, 1).
  package static func version() -> (major: Int, minor: Int) {
    var name = utsname()
    guard uname(&name) == 0 else { return (0, 0) }
    let release = withUnsafePointer(to: &name.release) {
      $0.withMemoryRebound(to: CChar.self, capacity: 65) { String(cString: $0) }
    }
    return parse(release: release)
  }

  package static func parse(release: String) -> (major: Int, minor: Int) {
    let parts = release.split { !$0.isNumber }.prefix(2).map { Int($0) ?? 0 }
    return (parts.first ?? 0, parts.count > 1 ? parts[1] : 0)
  }

  /// Time since boot, time asleep included (`CLOCK_BOOTTIME`): no clock change ever moves it.
  package static func timeSinceBoot() -> Duration { .nanoseconds(cl_boot_time()) }

  /// The files and devices in use for swapping (`/proc/swaps`).
  package static func swapFiles() -> [String] {
    // A kernel without swap support has no such file.
    guard let text = try? TextFile.read("/proc/swaps", limit: 65536) else { return [] }
    return text.split(separator: "\n").dropFirst().compactMap {
      $0.split(whereSeparator: \.isWhitespace).first.map { MountTable.unescaped($0) }
    }
  }

  /// The running program's file.
  package static func programPath() throws(SystemError) -> String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
    guard count > 0 else { throw SystemError("readlink", "/proc/self/exe", code: errno) }
    return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// This process's number.
  package static func processNumber() -> Int32 { getpid() }
}
