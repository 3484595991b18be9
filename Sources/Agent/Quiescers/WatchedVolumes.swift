internal import AgentCore
internal import CutProtocol
internal import LinuxSystem
internal import Model

/// The files of some volumes of a member, ready to be watched for writes.
struct WatchedVolumes: Sendable {
  private struct Watched: Sendable {
    var path: String
    var directory: DescriptorHandle
    /// The volume is one directory of a filesystem that others use too, the volume's driver with its snapshots among them.
    var isPart: Bool

    func add(to watch: WriteWatch) throws(SystemError) {
      if isPart {
        try watch.watch(tree: directory, name: path)
      } else {
        try watch.watch(directory, name: path)
      }
    }
  }

  private let watch: WriteWatch
  private let volumes: [Watched]

  /// Tries the watch at once, so that a filesystem that cannot be watched is known before the hold.
  init(_ watched: [MemberVolume], of target: HoldTarget) throws(SystemError) {
    let root = try DescriptorHandle.directory("/proc/\(target.process.pid)/root")
    let table = try MountTable.read()
    var volumes: [Watched] = []
    for volume in watched {
      let published = volume.volume.publishedAt
      if table.mount(at: published)?.isPart == true {
        volumes.append(
          Watched(
            path: volume.containerPath, directory: try .directory(published), isPart: true))
      } else {
        let directory = try root.opened(volume.containerPath, directory: true)
        volumes.append(Watched(path: volume.containerPath, directory: directory, isPart: false))
      }
    }
    self.volumes = volumes
    watch = try WriteWatch()
    let trial = try WriteWatch()
    for volume in volumes { try volume.add(to: trial) }
  }

  /// Counts from now on. Blocks its thread for as long as the volumes have directories.
  func begin() throws(SystemError) {
    for volume in volumes { try volume.add(to: watch) }
  }

  /// Grows with every write.
  func count() throws(SystemError) -> Int { try watch.count() }
}
