internal import CutProtocol
internal import Foundation
internal import LinuxSystem
internal import Model

/// What a trial has made so far, written down before it is made, so that it can be taken away after a crash as well.
struct ProbeInventory: Codable, Sendable {
  enum Kind: String, Codable { case volume, snapshot, group }

  struct Item: Codable, Sendable {
    var kind: Kind
    var name: String
    /// What it is made from: volumes for snapshots, at most one snapshot for a volume.
    var sources: [String]
    /// Nil until the driver has answered.
    var handle: String?
    /// Where a volume is published, below this directory.
    var directory: String?
  }

  var driver: DriverName
  var items: [Item] = []

  static let file = "inventory.json"

  /// Nil where there is none.
  static func read(in directory: String) throws(SystemError) -> ProbeInventory? {
    do {
      let bytes = try TextFile.bytes("\(directory)/\(file)", limit: 1 << 20)
      return try JSONDecoder().decode(ProbeInventory.self, from: Data(bytes))
    } catch let error as SystemError {
      if error.code == ENOENT { return nil }
      throw error
    } catch {
      throw SystemError("reading (no inventory)", "\(directory)/\(file)", code: EBADMSG)
    }
  }

  func write(in directory: String) throws(SystemError) {
    guard let data = try? JSONEncoder().encode(self) else {
      throw SystemError("encoding", "\(directory)/\(Self.file)", code: EINVAL)
    }
    try DurableFile.replace("\(directory)/\(Self.file)", with: Array(data))
  }
}
