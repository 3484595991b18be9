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
package struct StoredVolume: Hashable, Codable, Sendable {
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
package struct StoredSnapshot: Hashable, Codable, Sendable {
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
package struct StoredGroup: Hashable, Codable, Sendable {
  package var id: String
  package var name: String
  package var serial: UInt64
  package var createdAt: Int64
  /// Sorted by source volume.
  package var snapshots: [StoredSnapshot]

  package var sourceVolumes: [String] { snapshots.map(\.sourceVolume) }
}
