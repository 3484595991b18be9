internal import Foundation

#if canImport(Glibc)
  internal import Glibc
#endif

/// The operator's configuration directory, read carefully.
struct ConfigurationFiles: Sendable {
  static let largest = 64 * 1024
  static let renewHint =
    "copy the directory anew from <stateDirectory>/operator of the coordinator's host"

  var directory: String

  func path(_ name: String) -> String { "\(directory)/\(name)" }

  /// The file's text. A `private` one must be readable by its owner alone.
  func read(_ name: String, private isPrivate: Bool) throws(CommandFailure) -> String {
    let path = path(name)
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(opening: path, errno) }
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw CommandFailure(.input, "\(path) is no regular file")
    }
    if isPrivate, status.st_mode & 0o077 != 0 {
      throw CommandFailure(
        .input,
        "\(path) has mode 0\(String(status.st_mode & 0o777, radix: 8)): "
          + "others could read the operator's key", hint: "chmod 600 \(path)")
    }
    guard status.st_size <= Self.largest else {
      throw CommandFailure(
        .input, "\(path) has \(status.st_size) bytes, at most \(Self.largest) are expected")
    }
    let data: Data?
    do {
      data = try handle.read(upToCount: Self.largest)
    } catch {
      throw CommandFailure(.input, "reading \(path) failed: \(error)")
    }
    guard let data, !data.isEmpty else { throw CommandFailure(.input, "\(path) is empty") }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw CommandFailure(.input, "\(path) is no UTF-8 text", hint: Self.renewHint)
    }
    return text
  }

  private func failure(opening path: String, _ code: Int32) -> CommandFailure {
    var isDirectory: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory)
    switch code {
    case ENOENT where !exists:
      return CommandFailure(
        .input, "there is no configuration directory \(directory)",
        hint: "copy <stateDirectory>/operator of the coordinator's host there, "
          + "or name one with --config or \(Settings.variable)")
    case ENOENT:
      return CommandFailure(.input, "\(path) is missing", hint: Self.renewHint)
    case ENOTDIR:
      return CommandFailure(
        .input, "\(directory) is no directory",
        hint: "--config and \(Settings.variable) name the directory that holds config.yaml")
    case EACCES:
      return CommandFailure(
        .input, "\(path) may not be read by this user", hint: "check its owner and mode")
    default:
      return CommandFailure(
        .input, "opening \(path) failed: \(String(cString: strerror(code)).lowercased())")
    }
  }
}
