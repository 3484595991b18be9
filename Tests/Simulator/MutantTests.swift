import Testing

/// The simulator is only worth something if it notices when a rule is missing.
@Suite struct MutantTests {
  /// The property whose breach must be found for each missing rule.
  static let breaches: [(Mutant, Set<String>)] = [
    (.witnessIgnored, ["S1"]), (.frozenTooEarly, ["S1"]), (.leaseNeverChecked, ["L1"]),
    (.renewalRevives, ["S4"]), (.snapshotNotAwaited, ["S2"]), (.nameWithoutHold, ["S3", "S14"]),
    (.sendBeforeDurable, ["S13"]), (.recoveryTrustsStored, ["S14"]),
    (.thirdPartyThawHidden, ["S12"]), (.fidelityClaimed, ["S1"]), (.freezeTwice, ["S4"]),
    (.turnsIgnored, ["L9"]), (.stuckReleaseTrusted, ["L1"]),
  ]

  @Test(arguments: breaches)
  func `a missing rule is noticed`(mutant: Mutant, properties: Set<String>) throws {
    var found: Set<String> = []
    // Most are found at once; what a recovery must not trust needs a rare course of events.
    for seed in 1...3000 {
      found.formUnion(try Run(seed: UInt64(seed), mutant: mutant).violations.map(\.property))
      if !found.isDisjoint(with: properties) { return }
    }
    Issue.record("\(mutant) broke \(found.sorted()), but none of \(properties.sorted())")
  }
}
