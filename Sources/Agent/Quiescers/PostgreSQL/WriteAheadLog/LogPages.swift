internal import Glibc
internal import LinuxSystem

/// The pages of a write-ahead log, read from its segment files in order.
struct LogPages {
  /// What keeps a log from being read.
  enum Failure: Error, CustomStringConvertible {
    case system(SystemError)
    /// Bytes that are not what the format says.
    case unexpected(String, at: LogPosition)

    var description: String {
      switch self {
      case .system(let error): "\(error)"
      case .unexpected(let what, let position): "\(what) at \(position)"
      }
    }
  }

  /// `pg_wal`.
  let directory: DescriptorHandle
  let timeline: UInt32
  let segmentSize: UInt64
  let pageSize: UInt64
  private var chunk: [UInt8] = []
  private var chunkBegin: UInt64 = 0

  private static let chunkSize: UInt64 = 1 << 18

  /// - Parameters:
  ///   - segmentSize: a power of two, from 1 MiB to 1 GiB.
  ///   - pageSize: a power of two, at most 64 KiB.
  init(directory: DescriptorHandle, timeline: UInt32, segmentSize: UInt64, pageSize: UInt64) {
    self.directory = directory
    self.timeline = timeline
    self.segmentSize = segmentSize
    self.pageSize = pageSize
  }

  /// The name of the file that holds a position: timeline and number of the segment, the latter in two halves.
  func fileName(of position: LogPosition) -> String {
    func hexadecimal(_ number: UInt64) -> String {
      let digits = String(number, radix: 16, uppercase: true)
      return String(repeating: "0", count: 8 - digits.count) + digits
    }
    let number = position.bytes / segmentSize
    let perHalf = (1 << 32) / segmentSize
    return hexadecimal(UInt64(timeline)) + hexadecimal(number / perHalf)
      + hexadecimal(number % perHalf)
  }

  /// Up to `count` bytes from a position on, and no further than the end of its page.
  mutating func bytes(at position: LogPosition, count: Int) throws(Failure) -> ArraySlice<UInt8> {
    if position.bytes < chunkBegin || position.bytes >= chunkBegin + UInt64(chunk.count) {
      try load(position)
    }
    let begin = Int(position.bytes - chunkBegin)
    let left = Int(pageSize - position.bytes % pageSize)
    return chunk[begin..<(begin + min(count, left))]
  }

  private mutating func load(_ position: LogPosition) throws(Failure) {
    // Both sizes are powers of two, so that a chunk neither leaves its segment nor parts a page.
    chunkBegin = position.bytes / Self.chunkSize * Self.chunkSize
    let name = fileName(of: position)
    let size = Int(min(Self.chunkSize, segmentSize))
    var filled = 0
    do {
      let file = try directory.opened(name)
      chunk = [UInt8](repeating: 0, count: size)
      while filled < size {
        let offset = Int(chunkBegin % segmentSize) + filled
        let count = try file.call("pread", name) { number in
          chunk.withUnsafeMutableBytes {
            pread(number, $0.baseAddress.map { $0 + filled }, size - filled, off_t(offset))
          }
        }
        guard count > 0 else { break }
        filled += count
      }
    } catch {
      throw .system(error)
    }
    guard filled == size else { throw .unexpected("\(name) is too short", at: position) }
  }
}
