import Foundation
import KubernetesClient

/// What a Kubernetes API server was recorded to answer, as far as the fuzzer takes inputs of that length.
enum Recorded {
  private static let longest = 12_000

  static func bytes(_ name: String) throws -> [UInt8] {
    let directory = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../KubernetesClient/Recordings").standardized
    return Array(try Data(contentsOf: directory.appending(path: name)))
  }

  /// The lines of a recorded watch that fit, at most so many.
  static func lines(_ name: String, _ count: Int) throws -> [UInt8] {
    let lines = try bytes(name).split(separator: UInt8(ascii: "\n")).filter { $0.count < longest }
    return Array(lines.prefix(count).joined(separator: [UInt8(ascii: "\n")])) + [0x0a]
  }
}
