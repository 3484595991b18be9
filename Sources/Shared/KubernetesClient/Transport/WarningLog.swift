internal import Logging
internal import NIOHTTP1
internal import Synchronization

/// Passes on what an API server warns of (RFC 7234, section 5.5), each text once.
final class WarningLog: Sendable {
  /// Texts that are remembered; beyond it all are forgotten, and may be said again.
  static let most = 256

  private let seen = Mutex<Set<String>>([])

  func report(_ headers: HTTPHeaders, of request: APIRequest, to logger: Logger) {
    for header in headers["warning"] {
      guard let text = Self.text(of: header) else { continue }
      let isNew = seen.withLock { seen in
        if seen.count >= Self.most { seen.removeAll() }
        return seen.insert(text).inserted
      }
      guard isNew else { continue }
      logger.warning(
        "API server warned", metadata: ["request": "\(request.summary)", "warning": "\(text)"])
    }
  }

  /// The text of `299 - "text"`; nil for other codes, which speak of caches.
  static func text(of header: String) -> String? {
    guard header.hasPrefix("299 "), let start = header.firstIndex(of: "\""),
      let end = header.lastIndex(of: "\""), start < end
    else { return nil }
    var text = ""
    var isEscaped = false
    for character in header[header.index(after: start)..<end] {
      if character == "\\", !isEscaped {
        isEscaped = true
        continue
      }
      isEscaped = false
      text.append(character)
    }
    return text
  }
}
