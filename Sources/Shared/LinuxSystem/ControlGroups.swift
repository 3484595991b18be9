internal import Glibc

/// The machine's control groups, where its hierarchies are mounted: one (v2), or one for each controller (v1).
package struct ControlGroups: Sendable {
  /// Every hierarchy's root directory.
  package let roots: [String]

  /// Finds the hierarchies at or directly below `path`, `/sys/fs/cgroup` of the machine itself.
  ///
  /// - Throws: `ENOENT` when there is none: a path that shows only a container's own part has to be told apart by
  ///   whoever mounts it.
  package init(at path: String) throws(SystemError) {
    var candidates = [path]
    if let directory = opendir(path) {
      defer { closedir(directory) }
      while let entry = readdir(directory) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
          String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if !name.hasPrefix(".") { candidates.append("\(path)/\(name)") }
      }
    }
    // In v2 every directory has the file; only the first is a root then.
    let isUnified = access(Self.members(of: path), F_OK) == 0
    roots = isUnified ? [path] : candidates.filter { access(Self.members(of: $0), F_OK) == 0 }
    guard !roots.isEmpty else {
      throw SystemError("finding control groups", path, code: ENOENT)
    }
  }

  /// Moves a process into the root of every hierarchy, so that the end of the group it was started in, such as a
  /// container's, does not end it, and no limit of that group holds it back.
  package func release(_ pid: Int32) throws(SystemError) {
    for root in roots {
      let path = Self.members(of: root)
      let file = try DurableFile.open(path, O_WRONLY)
      let text = Array("\(pid)".utf8)
      _ = try file.call("write", path) { write($0, text, text.count) }
    }
  }

  private static func members(of group: String) -> String { "\(group)/cgroup.procs" }
}
