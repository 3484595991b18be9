internal import Foundation
internal import Glibc
package import LinuxSystem
package import Model

/// The file `vol_data.json` beside a published volume, which says whose volume it is.
///
/// kubelet writes one into `…/volumes/kubernetes.io~csi/<name>/` beside `mount`, a flat map of strings with
/// `driverName` and `volumeHandle` among its keys. Stillpoint writes the same, with keys of its own added.
package struct VolumeDocument: Hashable, Sendable {
  package static let fileName = "vol_data.json"

  package var fields: [String: String]

  private enum Key {
    static let driver = "driverName"
    static let handle = "volumeHandle"
    static let lifecycle = "volumeLifecycleMode"
    static let staging = "stillpoint.dev/staging-path"
    static let filesystem = "stillpoint.dev/filesystem"
    static let context = "stillpoint.dev/volume-context"
    static let restore = "stillpoint.dev/restore"
    static let previous = "stillpoint.dev/previous-handle"
    static let size = "stillpoint.dev/size-bytes"
  }

  /// For a volume that Stillpoint publishes itself.
  package init(
    driver: DriverName, volume: CSIVolume, filesystem: String, staging: String,
    restore: RestoreID? = nil, previous: VolumeHandle? = nil
  ) {
    fields = [
      Key.driver: driver.text, Key.handle: volume.handle.text, Key.lifecycle: "Persistent",
      Key.staging: staging, Key.filesystem: filesystem, Key.size: "\(volume.sizeBytes)",
    ]
    if !volume.context.isEmpty {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      // A map of strings always encodes.
      fields[Key.context] = (try? encoder.encode(volume.context)).map {
        String(decoding: $0, as: UTF8.self)
      }
    }
    fields[Key.restore] = restore?.text
    fields[Key.previous] = previous?.text
  }

  package var driver: DriverName? { fields[Key.driver].flatMap { try? DriverName($0) } }
  package var handle: VolumeHandle? { fields[Key.handle].flatMap { try? VolumeHandle($0) } }
  package var filesystem: String { fields[Key.filesystem] ?? "" }
  package var sizeBytes: Int64 { fields[Key.size].flatMap { Int64($0) } ?? 0 }
  /// The restore that put the volume here.
  package var restore: String? { fields[Key.restore] }
  /// What was here before that restore; it stays with its driver.
  package var previous: VolumeHandle? { fields[Key.previous].flatMap { try? VolumeHandle($0) } }
  /// Nil for a volume that kubelet or somebody else published.
  package var staging: String? { fields[Key.staging] }

  package var context: [String: String] {
    guard let text = fields[Key.context] else { return [:] }
    return (try? JSONDecoder().decode([String: String].self, from: Data(text.utf8))) ?? [:]
  }

  /// Reads the file of a directory; nil where there is none.
  package static func read(in directory: String) throws(SystemError) -> VolumeDocument? {
    let path = "\(directory)/\(fileName)"
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try TextFile.bytes(path, limit: 1 << 20)
    } catch {
      if error.code == ENOENT || error.code == ENOTDIR { return nil }
      throw error
    }
    guard let document = VolumeDocument(bytes) else {
      throw SystemError("reading (no volume's description)", path, code: EBADMSG)
    }
    return document
  }

  /// Nil for bytes that describe no volume.
  init?(_ bytes: [UInt8]) {
    guard
      let fields = try? JSONDecoder().decode([String: String].self, from: Data(bytes)),
      fields[Key.driver] != nil, fields[Key.handle] != nil
    else { return nil }
    self.fields = fields
  }

  /// Replaces the file as a whole, durably.
  package func write(in directory: String) throws(SystemError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(fields) else {
      throw SystemError("encoding", "\(directory)/\(Self.fileName)", code: EINVAL)
    }
    try DurableFile.replace(
      "\(directory)/\(Self.fileName)", with: Array(data) + [UInt8(ascii: "\n")], mode: 0o600)
  }
}
