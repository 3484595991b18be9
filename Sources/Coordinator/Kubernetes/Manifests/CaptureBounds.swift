internal import Synchronization

/// How much one backup may take of a cluster's objects.
package struct CaptureLimits: Hashable, Sendable {
  package var objects = 50_000
  /// Of manifests in JSON, every version that was seen counted.
  package var bytes = 128 << 20
  /// Watches of all backups together; what is beyond is compared by lists alone.
  package var watches = 32
  /// Lists that run at once.
  package var lists = 4
  /// How long the server may take to say what it serves, and for one page of a list.
  package var discovery = Duration.seconds(2)
  package var page = Duration.seconds(10)
  /// How often a server that went away is asked again after the cut, and the pause between.
  package var rounds = 5
  package var pause = Duration.seconds(1)
  /// How long watches may take to tell what the second list shows.
  package var lag = Duration.seconds(2)

  package init() {}
}

/// Counts down what one backup has left.
final class CaptureBudget: Sendable {
  private let left: Mutex<(objects: Int, bytes: Int)>

  init(_ limits: CaptureLimits) { left = Mutex((limits.objects, limits.bytes)) }

  /// False when it is too much; nothing is taken then.
  func take(objects: Int, bytes: Int) -> Bool {
    left.withLock { left in
      guard left.objects >= objects, left.bytes >= bytes else { return false }
      left.objects -= objects
      left.bytes -= bytes
      return true
    }
  }

  func giveBack(objects: Int, bytes: Int) {
    left.withLock { left in
      left.objects += objects
      left.bytes += bytes
    }
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
