internal import Model

/// A volume that somebody wants, as the request's fields say it.
package struct VolumeOrder: Hashable, Sendable {
  package var name: String
  /// 0 where the caller does not care.
  package var requiredBytes: Int64
  /// 0 for no limit.
  package var limitBytes: Int64
  /// Nil where the caller does not care.
  package var filesystem: FilesystemKind?
  package var source: ContentSource?

  package static let defaultBytes: Int64 = 1 << 30
  /// ext4 with 4 KiB blocks ends here; XFS would go on.
  package static let maximumBytes: Int64 = 16 << 40

  package init(
    name: String, requiredBytes: Int64 = 0, limitBytes: Int64 = 0,
    filesystem: FilesystemKind? = nil, source: ContentSource? = nil
  ) {
    self.name = name
    self.requiredBytes = requiredBytes
    self.limitBytes = limitBytes
    self.filesystem = filesystem
    self.source = source
  }

  /// Whether a volume that has the order's name already is what the order asks for.
  package func accepts(_ volume: StoredVolume) -> Bool {
    volume.capacity >= requiredBytes && (limitBytes == 0 || volume.capacity <= limitBytes)
      && (filesystem == nil || filesystem == volume.filesystem) && source == volume.source
  }

  /// The size to make: whole mebibytes, at least what the filesystem or the source needs.
  package func capacity(atLeast minimum: Int64) throws(StorageError) -> Int64 {
    guard requiredBytes >= 0, limitBytes >= 0 else {
      throw StorageError(.outOfRange, "volume \(name): sizes must not be negative")
    }
    guard limitBytes == 0 || requiredBytes <= limitBytes else {
      throw StorageError(
        .outOfRange,
        "volume \(name): \(requiredBytes) bytes are required, but the limit is \(limitBytes)")
    }
    if source != nil, requiredBytes > 0, requiredBytes < minimum {
      throw StorageError(
        .outOfRange,
        "volume \(name): \(requiredBytes) bytes are too few, its source has \(minimum)")
    }
    var size = max(requiredBytes, minimum)
    if requiredBytes == 0, source == nil {
      size = max(minimum, limitBytes > 0 ? min(Self.defaultBytes, limitBytes) : Self.defaultBytes)
    }
    let rounded = ByteSize.wholeMebibytes(size)
    // Between two mebibytes the exact size is right as well, in units of the filesystems' block.
    size = limitBytes == 0 || rounded <= limitBytes ? rounded : (size + 4095) & ~4095
    guard limitBytes == 0 || size <= limitBytes else {
      throw StorageError(
        .outOfRange, "volume \(name): the smallest possible size is \(size) bytes, above the limit")
    }
    guard size <= Self.maximumBytes else {
      throw StorageError(
        .outOfRange, "volume \(name): \(ByteSize(bytes: size)) is more than a volume can have",
        hint: "the maximum is \(ByteSize(bytes: Self.maximumBytes))")
    }
    return size
  }
}
