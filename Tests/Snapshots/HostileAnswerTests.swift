import CSIWire
import Model
import SwiftProtobuf
import Testing

@testable import Snapshots

@Suite struct `What a driver answers` {
  private let volume = VolumeHandle(accepted: "vol-1")

  private func wire(_ change: (inout Csi_V1_Snapshot) -> Void) -> Csi_V1_Snapshot {
    var wire = Csi_V1_Snapshot.with {
      $0.snapshotID = "snap-1"
      $0.sourceVolumeID = "vol-1"
      $0.sizeBytes = 1 << 30
      $0.creationTime.seconds = 1_772_600_767
    }
    change(&wire)
    return wire
  }

  @Test(arguments: [Int64.min, -1, Int64.max])
  func `a time beyond all clocks is brought to one that can be stored and read again`(
    seconds: Int64
  )
    throws
  {
    for nanos in [Int32.min, 0, Int32.max] {
      let snapshot = try CSISnapshot(
        wire {
          $0.creationTime.seconds = seconds
          $0.creationTime.nanos = nanos
        }, of: volume)
      #expect(Timestamp(snapshot.createdAt.description) == snapshot.createdAt)
    }
  }

  @Test func `a size that is none counts as not told`() throws {
    #expect(try CSISnapshot(wire { $0.sizeBytes = -5 }, of: volume).sizeBytes == 0)
    #expect(try CSISnapshot(wire { _ in }, of: volume).sizeBytes == 1 << 30)
  }

  @Test func `a snapshot of another volume, or without a usable name, is refused`() {
    #expect(throws: UnusableAnswer.self) {
      try CSISnapshot(wire { $0.sourceVolumeID = "vol-2" }, of: volume)
    }
    #expect(throws: UnusableAnswer.self) {
      try CSISnapshot(wire { $0.snapshotID = "a\u{0}b" }, of: volume)
    }
  }

  @Test func `a context that could not be read back is refused`() throws {
    let small = try CSIVolume(
      .with {
        $0.volumeID = "vol-1"
        $0.capacityBytes = -1
        $0.volumeContext = ["fsType": "ext4"]
      })
    #expect(small.context == ["fsType": "ext4"])
    #expect(small.sizeBytes == 0)
    #expect(throws: UnusableAnswer.self) {
      try CSIVolume(
        .with {
          $0.volumeID = "vol-1"
          $0.volumeContext = ["x": String(repeating: "y", count: 1 << 20)]
        })
    }
  }
}
