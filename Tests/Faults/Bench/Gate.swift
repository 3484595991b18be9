internal import DemoFleet
internal import Glibc
internal import Synchronization

/// The place where a member's hooks wait; see `gate.sh`. A class, because it keeps a FIFO open.
final class Gate: Sendable {
  enum Hook: String, Sendable { case pre, post }

  /// Mounted at `/gate` in the member's container.
  let directory: String
  private let opened = Mutex<[Int32]>([])

  init(_ directory: String) throws {
    self.directory = directory
    guard mkdir(directory, 0o777) == 0, chmod(directory, 0o777) == 0 else {
      throw DemoError("\(directory) could not be made")
    }
  }

  /// From now on the hook waits; before it does, it may start children that outlast it.
  func close(_ hook: Hook, forking: Bool = false) throws {
    try reset(hook)
    if forking { try makeFork(hook) }
    guard mkfifo(path(hook), 0o666) == 0 else { throw DemoError("no FIFO at \(path(hook))") }
  }

  /// Waits until the hook runs.
  func waitUntilReached(_ hook: Hook, log: String) async throws {
    try await waitUntil(
      "the \(hook.rawValue) hook in \(directory)", within: .seconds(30), every: .milliseconds(5),
      log: log
    ) { access(path(hook) + ".reached", F_OK) == 0 }
  }

  /// Lets a waiting hook go, and every later one.
  func open(_ hook: Hook) {
    // Read and write: that never waits for a reader, and a reader that comes now finds the line.
    let fifo = Glibc.open(path(hook), O_RDWR | O_NONBLOCK | O_CLOEXEC)
    guard fifo >= 0 else { return }
    unlink(path(hook))
    _ = write(fifo, "\n", 1)
    // The line goes with the last descriptor, so this one stays as long as a hook may need to get there.
    opened.withLock { $0.append(fifo) }
  }

  /// As at the beginning: nothing waits, nothing forks.
  func reset() throws {
    for hook in [Hook.pre, .post] { try reset(hook) }
    for descriptor in opened.withLock({ all in
      defer { all = [] }; return all
    }) {
      Glibc.close(descriptor)
    }
  }

  private func reset(_ hook: Hook) throws {
    open(hook)
    for suffix in [".reached", ".forks"] {
      guard unlink(path(hook) + suffix) == 0 || errno == ENOENT else {
        throw DemoError("\(path(hook))\(suffix) could not be removed")
      }
    }
  }

  private func makeFork(_ hook: Hook) throws {
    let file = creat(path(hook) + ".forks", 0o666)
    guard file >= 0 else { throw DemoError("\(path(hook)).forks could not be made") }
    Glibc.close(file)
  }

  private func path(_ hook: Hook) -> String { "\(directory)/\(hook.rawValue)" }
}
