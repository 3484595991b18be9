internal import CutProtocol
internal import Foundation
internal import LinuxSystem
internal import Logging
internal import Model
internal import Synchronization

/// Ends the process when a lost term has not come to its end within a bound.
///
/// On a thread of its own: what does not stop may well be what the tasks need to run.
final class StepDownDeadline: Sendable {
  private static let interval = Duration.milliseconds(50)

  private let bound: Duration
  private let logger: Logger
  private let isMet = Mutex(false)

  init(bound: Duration, logger: Logger) {
    self.bound = bound
    self.logger = logger
  }

  /// Nothing of the term runs any more.
  func met() { isMet.withLock { $0 = true } }

  /// The bound counts from here.
  func begin() {
    let clock = BootClock()
    let end = clock.now() + bound
    let failure = failureStartingThread { [self] in
      while clock.now() < end {
        if isMet.withLock({ $0 }) { return }
        pause(Self.interval)
      }
      if isMet.withLock({ $0 }) { return }
      endProcess("what ran in the lost term did not stop within \(bound.shortText)")
    }
    if failure != 0 {
      endProcess("no thread could be made that sees to it that the lost term stops")
    }
  }

  private func endProcess(_ reason: String) -> Never {
    logger.critical("coordinator ended", metadata: ["reason": "\(reason)"])
    // Like a crash, which every part survives at any point. Not `exit`: what it would call may hang as well.
    _exit(EXIT_FAILURE)
  }
}
