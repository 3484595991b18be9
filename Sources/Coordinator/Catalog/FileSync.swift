internal import Foundation

/// A failed system call on a file, with the system's reason.
struct FileError: Error, CustomStringConvertible {
  var code: CInt
  var description: String

  /// Reads `errno`, so it must be made right after the failed call.
  init(_ message: String) {
    code = errno
    description = "\(message): \(String(cString: strerror(code)))"
  }
}

/// fsync(2) by name.
enum FileSync {
  static func file(_ path: String) throws {
    try sync(path, O_RDWR)
  }

  /// Makes a new name durable.
  static func directory(of path: String) throws {
    try sync(URL(fileURLWithPath: path).deletingLastPathComponent().path, O_RDONLY | O_DIRECTORY)
  }

  private static func sync(_ path: String, _ flags: CInt) throws {
    let descriptor = open(path, flags | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError("cannot open \(path)") }
    defer { _ = Foundation.close(descriptor) }
    guard fsync(descriptor) == 0 else { throw FileError("cannot fsync \(path)") }
  }
}
