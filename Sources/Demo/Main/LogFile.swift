internal import Foundation

/// A program's log, to show its end.
struct LogFile {
  private let path: String

  init(_ path: String) { self.path = path }

  /// Its last lines, or a line that says why there are none.
  func lastLines(_ count: Int) -> String {
    guard let bytes = FileManager.default.contents(atPath: path) else { return "(no such file)" }
    let lines = String(decoding: bytes.suffix(64 << 10), as: UTF8.self).split(separator: "\n")
    return lines.isEmpty ? "(empty)" : lines.suffix(count).joined(separator: "\n")
  }
}
