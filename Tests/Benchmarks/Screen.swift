internal import Glibc

/// Where progress and figures go: standard output, a line at once, also into a pipe.
struct Screen: Sendable {
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
}
