internal import FoundationEssentials
internal import Glibc

/// What the figures were taken on.
struct Machine: Sendable {
  let text: String

  init() {
    var system = utsname()
    uname(&system)
    let kernel = withUnsafeBytes(of: &system.release) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    let cores = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    let memory = Double(sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))) / 1e9
    // A machine that does not tell is described without it.
    let model = Self.field("model name", of: "/proc/cpuinfo") ?? "unknown processor"
    let release = Self.field("PRETTY_NAME", of: "/etc/os-release", separator: "=") ?? "Linux"
    let load = Self.read("/proc/loadavg").split(separator: " ").prefix(1).joined()
    #if DEBUG
      let build = "debug build"
    #else
      let build = "release build"
    #endif
    text = """
      ## Machine

      \(cores) cores (\(model)), \(memory.digits(0)) GB of memory, \(release), Linux \(kernel), load average \(load) \
      before the run. One disk below everything: an fsync of 4 KiB takes \(Self.syncTime().milliseconds) ms at the \
      median. All nodes, members and the coordinator share the machine. Stillpoint is a \(build).
      """
  }

  private static func read(_ path: String) -> String {
    FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  private static func field(_ name: String, of path: String, separator: Character = ":") -> String?
  {
    for line in read(path).split(separator: "\n") where line.hasPrefix(name) {
      guard let at = line.firstIndex(of: separator) else { continue }
      return line[line.index(after: at)...].filter { $0 != "\"" }
        .split(separator: " ").joined(separator: " ")
    }
    return nil
  }

  /// Of one block, in milliseconds; zero where nothing can be written.
  private static func syncTime() -> Double {
    let path = "/var/tmp/stillpoint-bench-\(getpid())"
    let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { return 0 }
    defer {
      close(file)
      unlink(path)
    }
    let block = [UInt8](repeating: 1, count: 4096)
    var taken: [Double] = []
    for _ in 0..<50 {
      let begin = ContinuousClock.now
      guard write(file, block, block.count) == block.count, fsync(file) == 0 else { return 0 }
      taken.append((ContinuousClock.now - begin) / .milliseconds(1))
    }
    return Percentiles(taken)?.p50 ?? 0
  }
}
