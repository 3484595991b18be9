import CutProtocol
import Foundation
import LinuxSystem
import Model

/// One application with the settings under test, and everything that the suite must know to write to it and read it.
struct Subject: Sendable {
  /// What stands in the printed table.
  var name: String
  var holds: [HoldSpec]
  var megabytes = 300
  var user: String
  /// Prepares an empty volume, mounted at `VOLUME`.
  var setup: String
  /// Runs the server; its volume is at `/srv`.
  var command: String
  /// Succeeds, run beside the server, once it answers.
  var ready: String
  /// What is done once to a running server.
  var schema = "true"
  /// A client that takes one write per line.
  var client: String
  /// The line that makes the write with this number.
  var write: @Sendable (Int) -> String
  /// Whether a line that the client prints acknowledges the write with this number.
  var acknowledges: @Sendable (_ line: String, _ number: Int) -> Bool
  /// Prints every number that is stored, run beside the server or beside a fresh one on a copy.
  var read: String

  /// Whether a filesystem freeze is part of the hold: then not a byte may change on the device.
  var freezes: Bool { holds.contains(.filesystem) }
  var server: TestServer {
    get throws { try server(on: TestVolume(megabytes: megabytes, cloneable: true)) }
  }

  private func server(on volume: TestVolume) throws -> TestServer {
    try TestServer(
      volume: volume, user: user, setup: setup.replacing("VOLUME", with: volume.path),
      command: command)
  }

  /// Waits until the server answers.
  func started(_ server: TestServer) async throws {
    try await eventually("\(name) answers", within: .seconds(60)) {
      (try? server.inside(ready)) != nil
    }
  }

  /// What a fresh server finds in a copy of the volume.
  func restored(from image: String) async throws -> Set<Int> {
    let server = try TestServer(
      volume: TestVolume(mounting: image), user: user, setup: "true", command: command)
    defer { server.stop() }
    try await started(server)
    return try numbers(server)
  }

  func numbers(_ server: TestServer) throws -> Set<Int> {
    // By a file: there may be more of them than a program's output may be long.
    let file = server.volume.directory + "/numbers"
    try server.inside("\(read) > \(file)")
    return Set(
      try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
        .compactMap { Int($0) })
  }
}
