internal import Synchronization

/// How much one backup may take of a cluster's objects, and all of them together.
package struct CaptureLimits: Hashable, Sendable {
  package var objects = 50_000
  /// Of manifests in JSON, every version that was seen counted.
  package var bytes = 128 << 20
  /// What all backups together may hold in memory: their manifests, and `overhead` for each version of one.
  package var room = 256 << 20
  package var overhead = 1 << 10
  /// Watches of all backups together; what is beyond is compared by lists alone.
  package var watches = 32
  /// Lists that run at once, of all backups together.
  package var lists = 8
  /// One page of a list: what is asked for, and what is read. A page that is larger is asked for again in parts.
  package var pageObjects = 250
  package var pageBytes = 4 << 20
  /// From so many namespaces on, a kind is asked for in the whole cluster: what is one page there is not asked for in each.
  package var together = 4
  /// How long the server may take to say what it serves, and for one page of a list.
  package var discovery = Duration.seconds(2)
  package var page = Duration.seconds(10)
  /// How often a server that went away is asked again after the cut, and the pause between.
  package var rounds = 5
  package var pause = Duration.seconds(1)
  /// How long watches may take to tell what the second list shows.
  package var lag = Duration.seconds(2)

  package init() {}

  /// Memory in bytes that all captures together need at most. A page is read as a tree, which takes seven times its bytes for
  /// objects with as many small fields as a pod has.
  package var memory: Int { room + lists * pageBytes * 8 }
}

/// What all backups together hold in memory.
final class CaptureRoom: Sendable {
  private let free: Mutex<Int>

  init(_ bytes: Int) { free = Mutex(bytes) }

  /// False when it is too much; nothing is taken then. Nobody waits for room.
  func take(_ bytes: Int) -> Bool {
    free.withLock { free in
      guard free >= bytes else { return false }
      free -= bytes
      return true
    }
  }

  func giveBack(_ bytes: Int) { free.withLock { $0 += bytes } }
}

/// Counts down what one backup has left, of its own bounds and of the room that all share.
final class CaptureBudget: Sendable {
  /// Why there is no room for more.
  enum Refusal: Hashable, Sendable {
    /// The backup has as much as one may have.
    case full
    /// The backups that are taken now have it together.
    case crowded
  }

  private let limits: CaptureLimits
  private let room: CaptureRoom
  private let taken = Mutex((objects: 0, bytes: 0))

  init(_ limits: CaptureLimits, in room: CaptureRoom) {
    self.limits = limits
    self.room = room
  }

  deinit { taken.withLock { room.giveBack(size($0.objects, $0.bytes)) } }

  private func size(_ objects: Int, _ bytes: Int) -> Int { objects * limits.overhead + bytes }

  /// Nil when it was taken; nothing is taken otherwise.
  func take(objects: Int, bytes: Int) -> Refusal? {
    taken.withLock { taken in
      guard taken.objects + objects <= limits.objects, taken.bytes + bytes <= limits.bytes else {
        return .full
      }
      guard room.take(size(objects, bytes)) else { return .crowded }
      taken.objects += objects
      taken.bytes += bytes
      return nil
    }
  }

  func giveBack(objects: Int, bytes: Int) {
    taken.withLock { taken in
      taken.objects -= objects
      taken.bytes -= bytes
    }
    room.giveBack(size(objects, bytes))
  }
}

/// Places for watches that several backups share.
final class WatchPlaces: Sendable {
  private let free: Mutex<Int>

  init(_ count: Int) { free = Mutex(count) }

  func take() -> Bool {
    free.withLock { free in
      guard free > 0 else { return false }
      free -= 1
      return true
    }
  }

  func giveBack() { free.withLock { $0 += 1 } }
}
