package import CutProtocol
package import Model

/// How to end one hold when agent and guardian are both gone; kept in the run directory for as long as the hold lasts.
package struct HoldRecord: Hashable, Codable, Sendable {
  package static let currentVersion = 1

  package var version = currentVersion
  package var hold: HoldID
  package var member: ServiceName
  package var fence: Fence
  package var takenAt: Timestamp
  /// In the order in which they are to be done.
  package var rescue: [RescueRecord]

  package init(
    hold: HoldID, member: ServiceName, fence: Fence, takenAt: Timestamp, rescue: [RescueRecord]
  ) {
    self.hold = hold
    self.member = member
    self.fence = fence
    self.takenAt = takenAt
    self.rescue = rescue
  }
}
