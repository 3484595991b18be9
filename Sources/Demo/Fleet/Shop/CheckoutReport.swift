internal import FoundationEssentials
internal import Glibc

/// What the checkout felt between two times.
package struct CheckoutReport: Codable, Hashable, Sendable {
  package struct StoreReport: Codable, Hashable, Sendable {
    /// Operations that the store acknowledged.
    package var acknowledged: Int
    /// Attempts that failed; each was repeated until it was acknowledged.
    package var failed: Int
    private var longest: Int64
    private var waiting: Int64

    /// The longest that one operation took from being asked to being acknowledged.
    package var longestStall: Duration { .nanoseconds(longest) }
    /// The age of the oldest operation that waits for the store now.
    package var currentStall: Duration { .nanoseconds(waiting) }
  }

  private var stores: [String: StoreReport]
  /// Orders that went through all three stores.
  package var completed: Int
  private var longestGap: Int64

  /// The longest time in which no order was completed.
  package var longestPause: Duration { .nanoseconds(longestGap) }

  package subscript(store: Shop.Store) -> StoreReport? { stores[store.rawValue] }

  private enum CodingKeys: String, CodingKey {
    case stores, completed
    case longestGap = "longest_gap"
  }

  /// Asks the checkout that answers in `directory`.
  package static func ask(
    in directory: String, from begin: MonotonicTime, to end: MonotonicTime = .now
  ) throws -> CheckoutReport {
    let path = directory + "/report.sock"
    let question = #"{"from": \#(begin.nanoseconds), "to": \#(end.nanoseconds)}"# + "\n"
    let answer = try exchange(question, over: path)
    return try JSONDecoder().decode(CheckoutReport.self, from: answer)
  }

  private static func exchange(_ question: String, over path: String) throws -> Data {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw failure("no socket", path) }
    defer { close(descriptor) }
    var limit = timeval(tv_sec: 20, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)

    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
      throw failure("the path is too long for a socket", path)
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard connected == 0 else { throw failure("it cannot be reached", path) }
    let sent = Array(question.utf8)
    guard write(descriptor, sent, sent.count) == sent.count else {
      throw failure("the question could not be sent", path)
    }
    var answer = Data()
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      guard count >= 0 else { throw failure("no answer came", path) }
      if count == 0 { return answer }
      answer.append(contentsOf: buffer[..<count])
    }
  }

  private static func failure(_ what: String, _ path: String) -> DemoError {
    DemoError("the checkout was asked over \(path): \(what): \(String(cString: strerror(errno)))")
  }
}
