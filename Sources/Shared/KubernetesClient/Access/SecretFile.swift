internal import Glibc
internal import LinuxSystem

/// A small file that somebody else renews: read again when it is another one, and once a minute in any case, since a
/// write within one tick of the file's clock cannot be seen from outside.
struct SecretFile {
  static let largest = 1 << 20
  static let longestTrust = Duration.seconds(60)

  let path: String
  private var held: (text: String, stamp: Stamp, read: ContinuousClock.Instant)?

  init(_ path: String) { self.path = path }

  private struct Stamp: Equatable {
    var device: UInt
    var inode: UInt
    var size: Int
    var seconds: Int
    var nanoseconds: Int
  }

  mutating func forget() { held = nil }

  /// The file's text now. While it cannot be read, as in the middle of a rotation, what was read last.
  mutating func text(_ what: String) throws(KubernetesError) -> String {
    var status = stat()
    let found = stat(path, &status) == 0
    let stamp = Stamp(
      device: UInt(status.st_dev), inode: UInt(status.st_ino), size: Int(status.st_size),
      seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
    if let held,
      !found || held.stamp == stamp && ContinuousClock.now - held.read < Self.longestTrust
    {
      return held.text
    }
    do throws(SystemError) {
      let text = try TextFile.read(path, limit: Self.largest)
      guard !text.firstLine.isEmpty else {
        if let held { return held.text }
        throw SystemError("read", path, code: ENODATA)
      }
      held = (text, stamp, .now)
      return text
    } catch {
      if let held { return held.text }
      throw KubernetesError(
        .configuration, "\(what) \(path) cannot be used: \(error.reason.lowercased())")
    }
  }
}
