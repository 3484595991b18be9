internal import Synchronization

/// The directories of trials that run now, so that none is taken for a leftover.
final class RunningProbes: Sendable {
  private let directories = Mutex<Set<String>>([])

  func begin(_ directory: String) -> Bool {
    directories.withLock { $0.insert(directory).inserted }
  }

  func end(_ directory: String) { directories.withLock { _ = $0.remove(directory) } }
}
