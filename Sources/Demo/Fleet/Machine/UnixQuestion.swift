package import FoundationEssentials
internal import Glibc

/// One question to a program that answers on a Unix socket: a line each way, then it closes.
package struct UnixQuestion: Sendable {
  private let path: String

  package init(to path: String) { self.path = path }

  /// - Returns: everything that was answered.
  /// - Throws: ``DemoError`` when nobody answers, or not within 20 seconds.
  package func ask(_ question: String) throws -> Data {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw failure("no socket") }
    defer { close(descriptor) }
    var limit = timeval(tv_sec: 20, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
    try connect(descriptor)
    let sent = Array((question + "\n").utf8)
    guard write(descriptor, sent, sent.count) == sent.count else {
      throw failure("the question could not be sent")
    }
    var answer = Data()
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      guard count >= 0 else { throw failure("no answer came") }
      if count == 0 { return answer }
      answer.append(contentsOf: buffer[..<count])
    }
  }

  private func connect(_ descriptor: Int32) throws {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
      throw failure("the path is too long for a socket")
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard connected == 0 else { throw failure("it cannot be reached") }
  }

  private func failure(_ what: String) -> DemoError {
    DemoError("a question to \(path): \(what): \(String(cString: strerror(errno)))")
  }
}
