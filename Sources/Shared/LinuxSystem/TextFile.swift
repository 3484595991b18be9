internal import Glibc

/// Small files, above all those of `/proc` and `/sys`, read whole in one thread's time.
package enum TextFile {
  /// The bytes of a file; throws with `EFBIG` for more than `limit` of them.
  package static func bytes(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError("open", path, code: errno) }
    let handle = DescriptorHandle(owning: descriptor)
    return try bytes(of: handle, name: path, limit: limit)
  }

  /// What is left to read of an open file.
  package static func bytes(
    of handle: DescriptorHandle, name: String, limit: Int
  ) throws(SystemError) -> [UInt8] {
    var result: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16384)
    while true {
      let count = Glibc.read(handle.number, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw SystemError("read", name, code: errno) }
      if count == 0 { return result }
      guard result.count + count <= limit else { throw SystemError("read", name, code: EFBIG) }
      result.append(contentsOf: buffer[..<count])
    }
  }

  package static func read(_ path: String, limit: Int) throws(SystemError) -> String {
    String(decoding: try bytes(path, limit: limit), as: UTF8.self)
  }
}
