/// What is proved about a backup. Ordered: a greater grade proves more.
package enum Grade: String, CaseIterable, Hashable, Codable, Sendable, Comparable {
  /// A required snapshot is missing.
  case failed
  /// Snapshots exist; evidence is missing, late or contradictory.
  case unproven
  /// An atomic snapshot of storage without an application fence.
  case crashConsistent = "crash-consistent"
  /// Every snapshot lies inside its own valid hold; no common instant.
  case serviceConsistent = "service-consistent"
  /// As `applicationConsistent` for each listed group, not across groups.
  case groupConsistent = "group-consistent"
  /// All certificates, one witness vector, F1 to F3 for every member.
  case applicationConsistent = "application-consistent"

  package static func < (left: Grade, right: Grade) -> Bool { left.rank < right.rank }

  private var rank: Int { Grade.allCases.firstIndex(of: self) ?? 0 }
}
