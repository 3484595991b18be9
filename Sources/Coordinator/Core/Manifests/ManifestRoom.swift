internal import Synchronization

/// How much memory restores may take together for the manifests that they work on. Nobody waits in here.
package final class ManifestRoom: Sendable {
  /// The manifests of one backup, however large, with what a restore makes of them.
  package static let usual = 320 << 20
  /// Of each manifest, beside its JSON.
  static let overhead = 1 << 10

  private let free: Mutex<Int>

  package init(bytes: Int = usual) { free = Mutex(bytes) }

  /// What one restore takes; given back when nobody holds it any more.
  final class Claim: Sendable {
    private let room: ManifestRoom
    private let taken = Mutex(0)

    init(_ room: ManifestRoom) { self.room = room }

    deinit { taken.withLock { taken in room.free.withLock { $0 += taken } } }

    /// False when there is no room for a manifest as it was stored and as it is restored; nothing is taken then.
    func take(_ manifest: BackupManifest) -> Bool {
      let size = 2 * manifest.content.count + ManifestRoom.overhead
      return taken.withLock { taken in
        let isThere = room.free.withLock { free in
          guard free >= size else { return false }
          free -= size
          return true
        }
        if isThere { taken += size }
        return isThere
      }
    }
  }
}
