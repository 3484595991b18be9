internal import AgentCore
internal import CutProtocol
internal import LinuxSystem

/// What sees writes to all volumes of a member, from the moment on from which there must be none.
struct VolumeWatches: Sendable {
  /// Watched for the whole hold.
  let own: WatchedVolumes
  /// Volumes with a delegate: members that share one may write to it until all are held.
  let delegated: WatchedVolumes

  /// Tries the watches at once. Blocks its thread.
  init(_ target: HoldTarget) throws(SystemError) {
    own = try WatchedVolumes(target.volumes.filter { $0.delegate == nil }, of: target)
    delegated = try WatchedVolumes(target.volumes.filter { $0.delegate != nil }, of: target)
  }

  /// Grows with every write that was seen.
  func count() throws(SystemError) -> Int { try own.count() + delegated.count() }
}
