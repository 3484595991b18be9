package import Model

/// The coordinator's one statement that at one instant every member of a group was held, by these holds.
package struct WitnessVector: Hashable, Codable, Sendable {
  package struct Entry: Hashable, Codable, Sendable {
    package var member: ServiceName
    package var hold: HoldID

    package init(member: ServiceName, hold: HoldID) {
      self.member = member
      self.hold = hold
    }
  }

  /// Sorted by member, each member once.
  package let entries: [Entry]

  package init(_ holds: [ServiceName: HoldID]) {
    entries = holds.map { Entry(member: $0.key, hold: $0.value) }.sorted { $0.member < $1.member }
  }

  package func hold(of member: ServiceName) -> HoldID? {
    entries.first { $0.member == member }?.hold
  }
}
