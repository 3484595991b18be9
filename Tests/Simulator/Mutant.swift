/// One rule removed from the simulated shells, to show that the auditor would notice its loss.
enum Mutant: String, CaseIterable, Sendable {
  /// Agents thaw without the coordinator's witness, and nobody compares the vectors.
  case witnessIgnored
  /// An agent reports its hold before it is in force.
  case frozenTooEarly
  /// An agent's machine never sees time pass, so no lease ever runs out.
  case leaseNeverChecked
  /// A renewal that comes after the thaw closes the application again.
  case renewalRevives
  /// A snapshot counts as cut as soon as it was asked for.
  case snapshotNotAwaited
  /// Snapshots are named after the member only, so that an earlier attempt's can be mistaken for this one's.
  case nameWithoutHold
  /// Members are asked before their attempt is durable.
  case sendBeforeDurable
  /// Recovery commits on the certificates that were stored, without asking whether agents still stand by them.
  case recoveryTrustsStored
  /// A thaw by somebody else is not noticed at the release.
  case thirdPartyThawHidden
  /// The guardian is told that a hold is over whose release still hangs.
  case stuckReleaseTrusted
  /// A service that acknowledges before it is durable claims F2.
  case fidelityClaimed
  /// Cuts of the same members do not wait for each other.
  case turnsIgnored
  /// A freeze order that comes twice is obeyed twice.
  case freezeTwice
}
