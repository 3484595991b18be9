internal import Glibc
package import LinuxSystem

/// Who uses a mounted volume from elsewhere: containers see it in mount namespaces of their own.
package enum VolumeUse {
  package struct User: Hashable, Sendable, CustomStringConvertible {
    package var pid: Int32
    package var name: String
    package var mountPoint: String

    package var description: String { "\(name) (process \(pid)) has it at \(mountPoint)" }
  }

  /// The first process found that has the device mounted in another mount namespace than this one's.
  ///
  /// A service's namespace that is a mere copy of the node's does not count: it has the volume where the node has it,
  /// under the same root directory. Processes that end meanwhile are passed over.
  package static func elsewhere(_ device: DeviceNumber, table: MountTable) -> User? {
    let own = link("/proc/self/ns/mnt")
    let places = Set(table.mounts(of: device).map(\.mountPoint))
    let root = identity("/proc/self/root/.")
    var seen: Set<String> = own.map { [$0] } ?? []
    for pid in processes() {
      guard let namespace = link("/proc/\(pid)/ns/mnt"), seen.insert(namespace).inserted,
        let mounts = try? MountTable.read(process: pid).mounts(of: device), !mounts.isEmpty
      else { continue }
      let isCopy = identity("/proc/\(pid)/root/.") == root
      if let mount = mounts.first(where: { !isCopy || !places.contains($0.mountPoint) }) {
        let name = (try? TextFile.read("/proc/\(pid)/comm", limit: 256)) ?? "a process"
        let trimmed = name.split(separator: "\n").first.map { String($0) } ?? name
        return User(pid: pid, name: trimmed, mountPoint: mount.mountPoint)
      }
    }
    return nil
  }

  private static func processes() -> [Int32] {
    guard let directory = opendir("/proc") else { return [] }
    defer { closedir(directory) }
    var found: [Int32] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if let pid = Int32(name) { found.append(pid) }
    }
    return found.sorted()
  }

  private static func link(_ path: String) -> String? {
    var buffer = [UInt8](repeating: 0, count: 256)
    let count = buffer.withUnsafeMutableBytes { bytes in
      bytes.assumingMemoryBound(to: CChar.self).baseAddress.map { readlink(path, $0, bytes.count) }
        ?? -1
    }
    return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
  }

  /// Device and inode of a directory.
  private static func identity(_ path: String) -> [UInt64]? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    return [UInt64(status.st_dev), UInt64(status.st_ino)]
  }
}
