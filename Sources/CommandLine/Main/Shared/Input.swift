internal import CommandLineKit
internal import Foundation
internal import PlanImport

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

/// The texts to import from: one file, standard input, or the manifests of a directory without those below it.
func importInputs(_ path: String) throws -> [ImportInput] {
  let limit = PlanImport.longestText
  var isDirectory: ObjCBool = false
  guard path != "-", FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory),
    isDirectory.boolValue
  else {
    let name = path == "-" ? "standard input" : path
    return [ImportInput(name: name, text: try inputText(path, upTo: limit))]
  }
  let names: [String]
  do {
    names = try FileManager.default.contentsOfDirectory(atPath: path)
  } catch {
    throw CommandFailure(.input, "the directory \(path) may not be read")
  }
  let manifests = names.filter { name in
    [".yaml", ".yml", ".json"].contains { name.hasSuffix($0) }
  }.sorted()
  guard !manifests.isEmpty else {
    throw CommandFailure(.input, "the directory \(path) has no .yaml, .yml or .json files")
  }
  guard manifests.count <= 1000 else {
    throw CommandFailure(
      .input, "the directory \(path) has \(manifests.count) manifests; at most 1000 are read")
  }
  return try manifests.compactMap { name in
    let file = URL(filePath: path).appending(path: name).path
    // An empty file in a directory is no mistake.
    let data = try inputData(file, upTo: limit)
    guard !data.isEmpty else { return nil }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw CommandFailure(.input, "\(file) is no UTF-8 text")
    }
    return ImportInput(name: file, text: text)
  }
}
