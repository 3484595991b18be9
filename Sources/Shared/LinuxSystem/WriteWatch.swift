internal import CLinux
internal import Synchronization

/// Counts what is written to filesystems, whoever writes (fanotify(7)).
///
/// Sees writes, truncations, and names that come and go; not what is written through a memory mapping.
package final class WriteWatch: Sendable {
  /// Each costs the kernel a mark, a kilobyte or so.
  private static let mostDirectories: Int32 = 200_000

  private let queue: DescriptorHandle
  private let seen = Mutex(0)

  /// Needs CAP_SYS_ADMIN and Linux 5.1.
  package init() throws(SystemError) {
    queue = DescriptorHandle(
      owning: Int32(try SystemError.check(Int(cl_watch_open()), "fanotify_init", "a watch")))
  }

  /// Watches the whole filesystem of a directory from now on. Not every filesystem can be watched (`ENODEV`, `EOPNOTSUPP`).
  package func watch(_ directory: DescriptorHandle, name: String) throws(SystemError) {
    try directory.use { (directory) throws(SystemError) in
      _ = try queue.call("fanotify_mark", name) { cl_watch_filesystem($0, directory) }
    }
  }

  /// Watches a directory with all that is below it, and nothing else of its filesystem, from now on.
  package func watch(tree directory: DescriptorHandle, name: String) throws(SystemError) {
    try directory.use { (directory) throws(SystemError) in
      _ = try queue.call("fanotify_mark", name) {
        cl_watch_tree($0, directory, Self.mostDirectories)
      }
    }
  }

  /// How much was written so far: grows with every write that was seen, not by one for each.
  package func count() throws(SystemError) -> Int {
    let new = Int(try queue.call("read", "a watch") { cl_watch_take($0) })
    return seen.withLock { seen in
      seen += new
      return seen
    }
  }
}
