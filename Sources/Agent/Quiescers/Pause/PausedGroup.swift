internal import Glibc
internal import LinuxSystem
internal import Synchronization

/// The control group of one container, and how far its pause has come. Its calls block their threads.
final class PausedGroup: Sendable {
  enum State: Hashable, Sendable {
    /// Leads to `stopping`, `failed` or `released`.
    case idle
    /// Asked for; some processes still run. Leads to `stopped` or `releasing`.
    case stopping
    /// No process runs. Leads to `releasing`.
    case stopped
    /// The kernel is told to let them go on. Leads to `released`.
    case releasing
    /// It could not be asked for; nothing is held. Leads nowhere.
    case failed(SystemError)
    /// Leads nowhere.
    case released(Release)

    /// Once a release was asked for.
    var ending: Ending {
      switch self {
      // One that a release has not come to yet can still be begun.
      case .idle, .stopping, .stopped, .releasing: .underWay
      case .released(.failed): .failed
      case .failed, .released: .over
      }
    }
  }

  enum Release: Hashable, Sendable {
    case letGo
    /// Somebody else had let processes run before, if only for a moment.
    case hadRun
    /// Not every process had been stopped yet.
    case wasNotHeld
    case failed(SystemError)
  }

  let group: ControlGroup
  /// The container's name.
  let container: String
  private let state = Mutex(
    (current: State.idle, releaseAsked: false, hasRun: false, processes: Set<Int32>()))

  init(group: ControlGroup, container: String) {
    self.group = group
    self.container = container
  }

  /// Why a group with groups below it (`ENOTEMPTY`) is not paused.
  static func divided(_ container: String) -> String {
    "container \(container) has divided its control group, and the kernel does not tell when all of a divided one stands still"
  }

  /// Asks for all processes to be stopped; `ECANCELED` once a release came.
  func ask() throws(SystemError) {
    let result = state.withLock { state -> Result<Void, SystemError> in
      guard state.current == .idle, !state.releaseAsked else {
        return .failure(SystemError("pause", group.path, code: ECANCELED))
      }
      do throws(SystemError) {
        try group.askToStop()
        state.current = .stopping
        return .success(())
      } catch {
        state.current = .failed(error)
        return .failure(error)
      }
    }
    try result.get()
  }

  /// Waits until no process runs any more: `ETIMEDOUT` when one still does at the deadline.
  func waitUntilStopped(_ deadline: Duration) throws(SystemError) {
    while !(try group.isStopped()) {
      let left = deadline - LinuxKernel.timeSinceBoot()
      guard left > .zero else { throw SystemError("pause", group.path, code: ETIMEDOUT) }
      guard !state.withLock(\.releaseAsked) else {
        throw SystemError("pause", group.path, code: ECANCELED)
      }
      _ = try group.changed(within: min(left, .milliseconds(50)))
    }
  }

  /// From here on any process that runs is noticed; false when one may have run since `waitUntilStopped`.
  func beginHold() throws(SystemError) -> Bool {
    let processes = try group.processes()
    guard try !group.changed(within: .zero) else { return false }
    let isReleased = state.withLock { state in
      if state.current == .stopping { state.current = .stopped }
      state.processes = processes
      return state.releaseAsked
    }
    guard !isReleased else { throw SystemError("pause", group.path, code: ECANCELED) }
    return true
  }

  /// Whether no process has run since `beginHold`.
  func isUnbroken() throws(SystemError) -> Bool {
    let hasStoodStill = try hasStoodStill()
    return hasStoodStill && current == .stopped
  }

  private func hasStoodStill() throws(SystemError) -> Bool {
    let changed = try group.changed(within: .zero)
    return state.withLock { state in
      if changed { state.hasRun = true }
      return !state.hasRun
    }
  }

  /// A process that was stopped when the hold began and is somewhere else by now, where it may run.
  func processThatLeft() throws(SystemError) -> Int32? {
    let left = try state.withLock(\.processes).subtracting(group.processes())
    // One that was killed writes nothing more. Should its number have a new owner, too much is said, not too little.
    return left.sorted().first { access("/proc/\($0)/stat", F_OK) == 0 }
  }

  var current: State { state.withLock(\.current) }

  /// Lets the processes go on, however far the pause had come, once: later somebody else may have paused them.
  func release() -> State {
    let (before, now) = state.withLock { state in
      state.releaseAsked = true
      let before = state.current
      switch before {
      case .idle: state.current = .released(.wasNotHeld)
      case .stopping, .stopped: state.current = .releasing
      case .failed, .releasing, .released: break
      }
      return (before, state.current)
    }
    switch before {
    case .idle, .failed, .releasing, .released: return now
    case .stopping: return finish(.wasNotHeld)
    case .stopped:
      // What cannot be asked is not known to have stood still.
      return finish((try? hasStoodStill()) == true ? .letGo : .hadRun)
    }
  }

  private func finish(_ release: Release) -> State {
    var release = release
    do throws(SystemError) {
      if try !group.letGo(), release == .letGo { release = .hadRun }
    } catch {
      release = .failed(error)
    }
    return state.withLock { state in
      state.current = .released(release)
      return state.current
    }
  }
}
