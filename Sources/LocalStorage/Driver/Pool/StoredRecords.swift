/// What a volume holds.
package enum FilesystemKind: String, Hashable, Codable, Sendable, CaseIterable {
  case ext4
  case xfs

  /// The smallest image that the filesystem's own tools accept with room to spare (mkfs.xfs wants 300 MiB).
  package var minimumBytes: Int64 { self == .ext4 ? 16 << 20 : 320 << 20 }
}

/// Where a volume's first content came from.
package enum ContentSource: Hashable, Codable, Sendable {
  case snapshot(String)
  case volume(String)
}

/// A volume: an image file of the pool. Kept beside the image as JSON.
package struct StoredVolume: StoredRecord, Hashable, Codable, Sendable {
  package var id: String
  /// The name that the caller chose; one volume per name.
  package var name: String
  /// Grows with every object of the pool; the order of lists.
  package var serial: UInt64
  package var capacity: Int64
  package var filesystem: FilesystemKind
  package var source: ContentSource?
  /// The filesystem inside is smaller than the image and grows when it is mounted next.
  package var mustGrow: Bool
}

/// A snapshot: a clone of a volume's image. Kept beside the clone as JSON, or in its group's file.
package struct StoredSnapshot: StoredRecord, Hashable, Codable, Sendable {
  package var id: String
  package var name: String
  package var serial: UInt64
  /// The volume it was cut from, which may be gone since.
  package var sourceVolume: String
  package var capacity: Int64
  package var filesystem: FilesystemKind
  package var mustGrow: Bool
  /// When the clone was complete, in nanoseconds since 1970, by the node's clock.
  package var createdAt: Int64
  package var group: String?
}

/// Snapshots of several volumes that were cut by one call; one file, so that there are all of them or none.
package struct StoredGroup: StoredRecord, Hashable, Codable, Sendable {
  package var id: String
  package var name: String
  package var serial: UInt64
  package var createdAt: Int64
  /// Sorted by source volume.
  package var snapshots: [StoredSnapshot]

  package var sourceVolumes: [String] { snapshots.map(\.sourceVolume) }
}

/// A document of the pool.
protocol StoredRecord: Codable, Sendable {
  var id: String { get }
  var serial: UInt64 { get }
  /// Why no driver can have written this; nil when one can.
  var fault: String? { get }
}

extension StoredRecord {
  fileprivate static func fault(serial: UInt64, capacity: Int64 = 0) -> String? {
    // Numbers count up from here, one at a time.
    if serial > UInt64.max / 2 { return "serial number \(serial) cannot be" }
    let sizes = 0...VolumeOrder.maximumBytes
    return sizes.contains(capacity) ? nil : "a capacity of \(capacity) bytes cannot be"
  }
}

extension StoredVolume {
  var fault: String? { Self.fault(serial: serial, capacity: capacity) }
}

extension StoredSnapshot {
  var fault: String? { Self.fault(serial: serial, capacity: capacity) }
}

extension StoredGroup {
  var fault: String? {
    Self.fault(serial: serial)
      ?? snapshots.lazy.compactMap { snapshot in
        // Members have no document of their own whose name could be compared.
        snapshot.id.utf8.contains(UInt8(ascii: "/"))
          ? "'\(snapshot.id.prefix(128))' names no snapshot" : snapshot.fault
      }.first
  }
}
