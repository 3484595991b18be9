internal import AgentCore
internal import CutProtocol
internal import LinuxSystem
internal import Model

/// The volumes of a member whose filesystems are flushed while it is paused, so that a snapshot beneath them has what was written.
///
/// One that is a directory of a larger filesystem is left out: it can only be copied through that same filesystem, which shows what
/// was written whether it is on the disk or not, and a flush would wait for everybody else on it.
struct FlushedVolumes: Sendable {
  private let volumes: [(path: String, directory: DescriptorHandle)]

  /// Blocks its thread, as everything here.
  init(_ target: HoldTarget) throws(SystemError) {
    let root = try DescriptorHandle.directory("/proc/\(target.process.pid)/root")
    let table = try MountTable.read(process: target.process.pid)
    var volumes: [(path: String, directory: DescriptorHandle)] = []
    for volume in target.volumes {
      guard table.mount(at: volume.containerPath)?.isPart != true else { continue }
      volumes.append(
        (volume.containerPath, try root.opened(volume.containerPath, directory: true)))
    }
    self.volumes = volumes
  }

  /// Writes dirty pages, and waits for them.
  func flush() throws(SystemError) {
    for volume in volumes { try FilesystemFreeze.synchronize(volume.directory, name: volume.path) }
  }

  /// What further rounds take after a first flush predicts the one within the hold.
  func predicted() throws(SystemError) -> Duration {
    guard !volumes.isEmpty else { return .zero }
    var rounds = FlushRounds()
    try flush()
    while rounds.wantsMore {
      let began = LinuxKernel.timeSinceBoot()
      try flush()
      rounds.add(LinuxKernel.timeSinceBoot() - began)
    }
    return rounds.predicted
  }
}
