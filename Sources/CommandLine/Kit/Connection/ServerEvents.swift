/// Reads server-sent events (WHATWG HTML, section 9.2.6) from bytes that arrive in any pieces.
package struct ServerEvents: Sendable {
  package struct Event: Hashable, Sendable {
    /// `message` when the server names none.
    package var name: String
    package var data: String

    package init(name: String, data: String) {
      self.name = name
      self.data = data
    }
  }

  /// A line longer than this is no stream of ours.
  package static let longestLine = 1 << 20
  /// The lines of one event together.
  package static let largestEvent = 4 << 20

  private var line: [UInt8] = []
  private var lastWasReturn = false
  private var name = ""
  private var data: [String] = []
  private var size = 0

  package init() {}

  /// The events that `bytes` completes. Throws when a line exceeds its bound.
  package mutating func read(_ bytes: some Sequence<UInt8>) throws(CommandFailure) -> [Event] {
    var events: [Event] = []
    for byte in bytes {
      let isReturn = byte == UInt8(ascii: "\r")
      let isFeed = byte == UInt8(ascii: "\n")
      defer { lastWasReturn = isReturn }
      if isFeed && lastWasReturn { continue }
      guard isReturn || isFeed else {
        guard line.count < Self.longestLine else {
          throw CommandFailure(
            .protocolMismatch, "the coordinator's event stream has an endless line")
        }
        line.append(byte)
        size += 1
        guard size <= Self.largestEvent else {
          throw CommandFailure(
            .protocolMismatch, "the coordinator's event stream has an endless event")
        }
        continue
      }
      if let event = finishLine() { events.append(event) }
    }
    return events
  }

  private mutating func finishLine() -> Event? {
    let text = String(decoding: line, as: UTF8.self)
    line.removeAll(keepingCapacity: true)
    guard !text.isEmpty else {
      defer { (name, data, size) = ("", [], 0) }
      guard !data.isEmpty else { return nil }
      return Event(name: name.isEmpty ? "message" : name, data: data.joined(separator: "\n"))
    }
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    var value = parts.count > 1 ? parts[1] : ""
    if value.hasPrefix(" ") { value = value.dropFirst() }
    switch parts[0] {
    case "event": name = String(value)
    case "data": data.append(String(value))
    // Comments begin with a colon; other fields are not used.
    default: break
    }
    return nil
  }
}
