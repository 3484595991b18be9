internal import Foundation
package import Logging

/// Writes one line for each event to standard error: time, level, event, then the metadata as `key=value`.
package struct LineLogHandler: LogHandler {
  package var metadata: Logger.Metadata = [:]
  package var logLevel: Logger.Level
  private let label: String

  package init(label: String, level: Logger.Level) {
    self.label = label
    self.logLevel = level
  }

  /// Makes every logger of the program write this way. Called once, first.
  package static func bootstrap(level: Logger.Level) {
    LoggingSystem.bootstrap { LineLogHandler(label: $0, level: level) }
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
    let details = all.sorted { $0.key < $1.key }.map { " \($0.key)=\(Self.quoted("\($0.value)"))" }
    let time = Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    let line = "\(time) \(event.level) \(event.message)\(details.joined())\n"
    // One write for each line, so that lines of several threads never mix.
    FileHandle.standardError.write(Data(line.utf8))
  }

  private static func quoted(_ value: String) -> String {
    let plain = value.allSatisfy { !$0.isWhitespace && $0 != "\"" }
    guard !plain || value.isEmpty else { return value }
    let escaped = value.replacingOccurrences(of: "\\", with: "\\\\")
      .replacingOccurrences(of: "\"", with: "\\\"").replacingOccurrences(of: "\n", with: "\\n")
    return "\"\(escaped)\""
  }
}
