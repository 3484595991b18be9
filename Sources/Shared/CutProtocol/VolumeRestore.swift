package import Model

/// How one volume comes back.
package struct VolumeRestore: Hashable, Sendable {
  package enum Place: Hashable, Sendable {
    /// Where the volume was: the new volume is published at its path, the old one stays with its driver, unpublished.
    case original
    /// A directory of the node, where the volume is published under its own name, beside the original.
    case beside(directory: String)
  }

  package var restore: RestoreID
  package var source: SnapshotRecord
  package var place: Place

  package init(restore: RestoreID, source: SnapshotRecord, place: Place) {
    self.restore = restore
    self.source = source
    self.place = place
  }
}
