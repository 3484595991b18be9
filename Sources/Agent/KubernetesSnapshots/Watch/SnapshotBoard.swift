internal import KubernetesClient
internal import Synchronization

/// What the watches have seen of snapshots and their contents, by the snapshot's uid.
final class SnapshotBoard: Sendable {
  /// Snapshots that are remembered; beyond it those that nobody waits for are forgotten.
  static let most = 4096

  private struct State {
    var seen: [String: SeenSnapshot] = [:]
    var waiting: [String: [AsyncStream<SeenSnapshot>.Continuation]] = [:]
  }

  private let state = Mutex(State())

  /// Takes an object in; those that are of no snapshot are passed over.
  func take(_ object: KubernetesObject) {
    switch object.kind {
    case "VolumeSnapshot", "VolumeGroupSnapshot":
      if let uid = object.uid { note(uid) { $0.snapshot = object } }
    case "VolumeSnapshotContent":
      if let uid = object["spec", "volumeSnapshotRef", "uid"]?.string {
        note(uid) { $0.content = object }
      }
    case "VolumeGroupSnapshotContent":
      if let uid = object["spec", "volumeGroupSnapshotRef", "uid"]?.string {
        note(uid) { $0.content = object }
      }
    default: break
    }
  }

  private func note(_ uid: String, _ change: (inout SeenSnapshot) -> Void) {
    state.withLock { state in
      if state.seen[uid] == nil, state.seen.count >= Self.most {
        state.seen = state.seen.filter { state.waiting[$0.key] != nil }
      }
      change(&state.seen[uid, default: SeenSnapshot()])
      guard let seen = state.seen[uid] else { return }
      for continuation in state.waiting[uid] ?? [] { continuation.yield(seen) }
    }
  }

  /// What is known of a snapshot now, if anything is, and each time that it changes. The stream keeps the latest alone.
  func changes(of uid: String) -> AsyncStream<SeenSnapshot> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: SeenSnapshot.self, bufferingPolicy: .bufferingNewest(1))
    state.withLock { state in
      if let seen = state.seen[uid] { continuation.yield(seen) }
      state.waiting[uid, default: []].append(continuation)
    }
    return stream
  }

  /// Those that somebody waits for.
  var awaited: [String] { state.withLock { $0.waiting.keys.sorted() } }

  /// Ends the streams of a snapshot and forgets it.
  func forget(_ uid: String) {
    let ended = state.withLock { state in
      state.seen[uid] = nil
      return state.waiting.removeValue(forKey: uid) ?? []
    }
    for continuation in ended { continuation.finish() }
  }

  /// Forgets all, when nothing is followed any more.
  func clear() {
    state.withLock { state in state.seen = state.seen.filter { state.waiting[$0.key] != nil } }
  }
}
