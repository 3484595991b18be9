package import Model

/// The base of the idempotent names of one hold's snapshots.
package struct SnapshotName: Hashable, Sendable {
  package var fence: Fence
  package var member: ServiceName
  package var hold: HoldID
  package var backup: BackupID

  package init(fence: Fence, member: ServiceName, hold: HoldID, backup: BackupID) {
    self.fence = fence
    self.member = member
    self.hold = hold
    self.backup = backup
  }

  /// The name of one volume's snapshot, or of the group's when `volume` is nil. Up to 128 bytes
  /// (CSI specification, "Size Limits").
  package func text(volume: VolumeHandle?) -> String {
    // A volume's handle may itself be 128 bytes long: its FNV-1a hash keeps names apart within one hold.
    var digest: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in (volume?.text ?? "").utf8 {
      digest = (digest ^ UInt64(byte)) &* 0x100_0000_01b3
    }
    let holdText = "\(hold.boot.prefix(8))-\(hold.incarnation)-\(hold.counter)"
    let suffix = volume == nil ? "group" : String(digest, radix: 36)
    // The hold ID already tells members apart; their name is there for people, as far as it fits.
    let room = 128 - "sp-\(fence)---\(holdText)-\(suffix)".utf8.count + 1
    return "sp-\(fence)-\(member.text.prefix(max(0, min(32, room))))-\(holdText)-\(suffix)"
  }
}
