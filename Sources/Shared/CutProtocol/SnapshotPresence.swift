package import Model

/// One snapshot, as its driver names it.
package struct SnapshotReference: Hashable, Sendable {
  package var driver: DriverName
  package var snapshot: SnapshotHandle

  package init(driver: DriverName, snapshot: SnapshotHandle) {
    self.driver = driver
    self.snapshot = snapshot
  }
}

/// Whether a snapshot that was taken is still there.
package enum SnapshotPresence: Hashable, Sendable {
  case there
  case missing
  /// It could not be found out, for the reason that the sentence gives.
  case unknown(String)

  package var isKnown: Bool {
    if case .unknown = self { false } else { true }
  }
}
