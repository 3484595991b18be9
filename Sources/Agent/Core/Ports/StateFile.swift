internal import Glibc
internal import LinuxSystem

/// One small file of the agent that is only ever replaced as a whole.
package protocol StateFile: Sendable {
  /// How messages name it.
  var path: String { get }
  /// What it holds, which may be an earlier content but never a part of one; nil when it was never written. Throws when
  /// it cannot be read, or holds more than `limit` bytes.
  func read(limit: Int) throws -> [UInt8]?
  /// On stable storage when it returns. When it throws the file holds either content, and the caller writes again what it
  /// wants to be there.
  func replace(with bytes: [UInt8]) throws
  /// The same without blocking the caller's thread. Not for two callers at once.
  func replaceBeside(with bytes: [UInt8]) async throws
}

/// A file of this machine.
package struct DurableStateFile: StateFile {
  package let path: String

  package init(_ path: String) { self.path = path }

  package func read(limit: Int) throws -> [UInt8]? {
    do {
      return try TextFile.bytes(path, limit: limit)
    } catch  where error.code == ENOENT {
      return nil
    }
  }

  package func replace(with bytes: [UInt8]) throws { try DurableFile.replace(path, with: bytes) }

  package func replaceBeside(with bytes: [UInt8]) async throws {
    try await onDedicatedThread { [self] in try replace(with: bytes) }
  }
}
