internal import Glibc
internal import LinuxSystem
internal import Synchronization

/// One filesystem of a member, and how far its freeze has come. Its calls block their threads.
final class FreezableMount: Sendable {
  enum State: Hashable, Sendable {
    /// Leads to `freezing` or `released`.
    case idle
    /// The kernel works on it. Leads to `frozen`, `failed`, or `released` when a release came meanwhile.
    case freezing
    /// Leads to `releasing`.
    case frozen
    /// The kernel thaws. Leads to `released`.
    case releasing
    /// The freeze was refused; nothing is held. Leads nowhere.
    case failed(SystemError)
    /// Leads nowhere.
    case released(Release)

    /// Once a release was asked for.
    var ending: Ending {
      switch self {
      // One that a release has not come to yet can still be begun.
      case .idle, .freezing, .frozen, .releasing: .underWay
      case .released(.failed): .failed
      case .failed, .released: .over
      }
    }
  }

  enum Release: Hashable, Sendable {
    case thawed
    /// Somebody else had thawed it: the kernel found nothing frozen.
    case wasThawed
    /// Nothing had been frozen.
    case wasNotHeld
    case failed(SystemError)
  }

  let directory: DescriptorHandle
  /// Where it is mounted on the node.
  let path: String
  let device: DeviceNumber
  /// The device whose writes are counted; another one than `device` where the filesystem makes up its own number.
  let countedDevice: DeviceNumber

  private let state = Mutex((current: State.idle, releaseAsked: false))

  init(
    directory: DescriptorHandle, path: String, device: DeviceNumber, countedDevice: DeviceNumber
  ) {
    self.directory = directory
    self.path = path
    self.device = device
    self.countedDevice = countedDevice
  }

  /// Freezes; a release that is asked for meanwhile takes effect as soon as the kernel is done.
  func freeze() -> State {
    let begun = state.withLock { state in
      guard state.current == .idle, !state.releaseAsked else { return false }
      state.current = .freezing
      return true
    }
    guard begun else { return state.withLock(\.current) }
    var failure: SystemError?
    do {
      try FilesystemFreeze.synchronize(directory, name: path)
      // Whoever asked for the release while the pages were written is answered without a freeze.
      guard !state.withLock(\.releaseAsked) else { return finish(.released(.wasNotHeld)) }
      try FilesystemFreeze.freeze(directory, name: path)
    } catch {
      failure = error
    }
    if let failure { return finish(.failed(failure)) }
    let mustThaw = state.withLock { state in
      if !state.releaseAsked { state.current = .frozen }
      return state.releaseAsked
    }
    return mustThaw ? finish(.released(thaw())) : .frozen
  }

  /// Thaws if frozen, once: a thaw that came later could be another hold's. While a freeze is under way it only leaves the wish:
  /// `freeze` thaws then.
  func release() -> State {
    let (isFrozen, now) = state.withLock { state in
      state.releaseAsked = true
      if state.current == .idle { state.current = .released(.wasNotHeld) }
      let isFrozen = state.current == .frozen
      if isFrozen { state.current = .releasing }
      return (isFrozen, state.current)
    }
    return isFrozen ? finish(.released(thaw())) : now
  }

  var current: State { state.withLock(\.current) }

  private func finish(_ reached: State) -> State {
    state.withLock { $0.current = reached }
    return reached
  }

  private func thaw() -> Release {
    do {
      try FilesystemFreeze.thaw(directory, name: path)
      return .thawed
    } catch {
      return error.code == EINVAL ? .wasThawed : .failed(error)
    }
  }
}
