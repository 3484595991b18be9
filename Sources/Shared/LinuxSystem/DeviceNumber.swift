internal import CLinux
internal import Glibc

/// A device as the kernel numbers it, written `major:minor`.
package struct DeviceNumber: Hashable, Sendable, CustomStringConvertible {
  package var major: UInt32
  package var minor: UInt32

  package init(major: UInt32, minor: UInt32) {
    self.major = major
    self.minor = minor
  }

  package init(_ device: UInt) {
    self.init(major: cl_major(dev_t(device)), minor: cl_minor(dev_t(device)))
  }

  /// Reads `7:1`.
  package init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let major = UInt32(parts[0]), let minor = UInt32(parts[1]) else {
      return nil
    }
    self.init(major: major, minor: minor)
  }

  package var description: String { "\(major):\(minor)" }

  /// Sectors of 512 bytes that were ever written to this block device, or nil where the kernel does not
  /// count them (Documentation/block/stat.rst, seventh field).
  package func sectorsWritten() -> UInt64? {
    guard let text = try? TextFile.read("/sys/dev/block/\(self)/stat", limit: 1024) else {
      // Devices without counters, such as those of network filesystems, have no such file.
      return nil
    }
    let fields = text.split(whereSeparator: \.isWhitespace)
    return fields.count > 6 ? UInt64(fields[6]) : nil
  }
}
