internal import Glibc
internal import Model
internal import Synchronization

/// What the person who runs the demo sees: numbered steps with their times, few lines each.
final class Screen: Sendable {
  private struct Step {
    var number = 0
    var begin = ContinuousClock.now
    var isOpen = false
  }

  private let step = Mutex(Step())
  private let begin = ContinuousClock.now

  init() {}

  /// Begins the next step, and closes the one before with its time.
  func step(_ title: String) {
    closeStep()
    let number = step.withLock { step in
      step.number += 1
      step.begin = .now
      step.isOpen = true
      return step.number
    }
    line("\n[\(number)] \(title)")
  }

  /// Something that a step found.
  func note(_ text: String) { line("    " + text) }

  /// Several of them.
  func lines(_ text: String, indent: Int = 0) {
    let margin = String(repeating: " ", count: indent)
    for part in text.split(separator: "\n", omittingEmptySubsequences: false) {
      line(margin + part)
    }
  }

  /// A line as it is; at once, also into a pipe.
  func line(_ text: String) {
    let bytes = Array((text + "\n").utf8)
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
      // Nobody reads any more: nothing to tell to anybody.
      guard count > 0 else { return }
      sent += count
    }
  }

  func pass() { end("demo: passed") }

  func fail(_ reason: String) { end("demo: FAILED: \(reason)") }

  private func end(_ verdict: String) {
    line("\n\((ContinuousClock.now - begin).shortText) in all")
    line(verdict)
  }

  func closeStep() {
    let duration: Duration? = step.withLock { step in
      guard step.isOpen else { return nil }
      step.isOpen = false
      return ContinuousClock.now - step.begin
    }
    if let duration { note("(\(duration.shortText))") }
  }
}
