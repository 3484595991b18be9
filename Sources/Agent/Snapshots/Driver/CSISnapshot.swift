internal import CSIWire
package import Model
internal import SwiftProtobuf

/// A snapshot as a driver describes it.
package struct CSISnapshot: Hashable, Sendable {
  package var handle: SnapshotHandle
  package var source: VolumeHandle
  package var group: SnapshotHandle?
  /// 0 where the driver does not say, or says something that is no size.
  package var sizeBytes: Int64
  /// By the driver's clock, in whole milliseconds; shown, never used as proof.
  package var createdAt: Timestamp
  package var readyToUse: Bool
}

/// Why a driver's answer cannot be used.
struct UnusableAnswer: Error, CustomStringConvertible {
  var description: String
}

extension CSISnapshot {
  /// Refuses what would name another snapshot than the one that was asked for. What is only shown (size, time) is brought
  /// into its bounds instead: a snapshot that exists must stay deletable, whatever else its driver says of it.
  init(_ wire: Csi_V1_Snapshot, of volume: VolumeHandle) throws(UnusableAnswer) {
    guard wire.sourceVolumeID == volume.text else {
      throw UnusableAnswer(
        description:
          "the snapshot is of volume '\(wire.sourceVolumeID.prefix(80))', not of \(volume)")
    }
    do {
      handle = try SnapshotHandle(wire.snapshotID)
      group = wire.groupSnapshotID.isEmpty ? nil : try SnapshotHandle(wire.groupSnapshotID)
    } catch {
      throw UnusableAnswer(description: error.description)
    }
    source = volume
    sizeBytes = max(0, wire.sizeBytes)
    createdAt = Timestamp(wire.creationTime)
    readyToUse = wire.readyToUse
  }
}

extension Timestamp {
  /// The nearest time that can be told, in whole milliseconds, as texts of times carry them.
  init(_ wire: Google_Protobuf_Timestamp) {
    let seconds = min(max(wire.seconds, -9_000_000_000), 9_000_000_000)
    let milliseconds = seconds * 1_000 + Int64(wire.nanos) / 1_000_000
    self.init(nanoseconds: milliseconds * 1_000_000)
  }
}
