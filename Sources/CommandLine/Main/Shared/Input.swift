internal import CommandLineKit
internal import Foundation

/// A file's bytes; `-` is standard input.
func inputData(_ path: String, upTo limit: Int) throws -> Data {
  let handle: FileHandle
  if path == "-" {
    handle = .standardInput
  } else {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
      throw CommandFailure(.input, "there is no file \(path)")
    }
    guard !isDirectory.boolValue else {
      throw CommandFailure(.input, "\(path) is a directory, a file is expected")
    }
    guard let opened = FileHandle(forReadingAtPath: path) else {
      throw CommandFailure(.input, "\(path) may not be read", hint: "check its owner and mode")
    }
    handle = opened
  }
  var data = Data()
  do {
    // One read may return less than there is: a pipe gives what has arrived.
    while data.count <= limit, let more = try handle.read(upToCount: 1 << 16), !more.isEmpty {
      data.append(more)
    }
  } catch {
    throw CommandFailure(.input, "reading \(path) failed: \(error)")
  }
  guard data.count <= limit else {
    throw CommandFailure(.input, "\(path) is larger than \(limit) bytes")
  }
  return data
}

/// As `inputData`, for text.
func inputText(_ path: String, upTo limit: Int) throws -> String {
  let data = try inputData(path, upTo: limit)
  guard !data.isEmpty else { throw CommandFailure(.input, "\(path) is empty") }
  guard let text = String(validating: data, as: UTF8.self) else {
    throw CommandFailure(.input, "\(path) is no UTF-8 text")
  }
  return text
}
