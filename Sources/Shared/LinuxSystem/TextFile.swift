internal import Glibc

/// Small files, those of `/proc` and `/sys` among them, read whole in one thread's time.
package enum TextFile {
  /// The bytes of a file; throws with `EFBIG` for more than `limit` of them.
  package static func bytes(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
    try bytes(of: DurableFile.open(path, O_RDONLY), name: path, limit: limit)
  }

  /// What is left to read of an open file.
  package static func bytes(
    of handle: DescriptorHandle, name: String, limit: Int
  ) throws(SystemError) -> [UInt8] {
    var result: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16384)
    while true {
      let count = try handle.call("read", name) { Glibc.read($0, &buffer, buffer.count) }
      if count == 0 { return result }
      guard result.count + count <= limit else { throw SystemError("read", name, code: EFBIG) }
      result.append(contentsOf: buffer[..<count])
    }
  }

  package static func read(_ path: String, limit: Int) throws(SystemError) -> String {
    String(decoding: try bytes(path, limit: limit), as: UTF8.self)
  }
}
