internal import AgentCore
internal import CutProtocol
internal import LinuxSystem
internal import Model

/// The filesystems of a member's volumes, ready to be watched for writes.
struct WatchedVolumes: Sendable {
  private let watch: WriteWatch
  private let directories: [(path: String, handle: DescriptorHandle)]

  /// Tries the watch at once, so that a filesystem that cannot be watched is known before the hold.
  init(_ target: HoldTarget) throws(SystemError) {
    let root = try DescriptorHandle.directory("/proc/\(target.process.pid)/root")
    var directories: [(path: String, handle: DescriptorHandle)] = []
    for volume in target.volumes {
      directories.append(
        (volume.containerPath, try root.opened(volume.containerPath, directory: true)))
    }
    self.directories = directories
    watch = try WriteWatch()
    let trial = try WriteWatch()
    for (path, handle) in directories { try trial.watch(handle, name: path) }
  }

  /// Counts from now on.
  func begin() throws(SystemError) {
    for (path, handle) in directories { try watch.watch(handle, name: path) }
  }

  /// Grows with every write.
  func count() throws(SystemError) -> Int { try watch.count() }
}
