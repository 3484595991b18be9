package import CutProtocol

/// The guardian process of this node, as the agent sees it.
package protocol GuardianLink: Sendable {
  /// Returns once the guardian has its own copies of every descriptor and runs its timer; only then may anything be held.
  ///
  /// `lease` counts from now; `cap` bounds the hold whatever is renewed.
  func arm(_ hold: HoldID, rescue: [Rescue], lease: Duration, cap: Duration) async throws(Refusal)
  /// Sets the lease anew from now; does nothing for a hold that is not armed.
  func renew(_ hold: HoldID, lease: Duration) async throws(Refusal)
  /// The agent has ended the hold itself; the guardian forgets it. Tells whether the guardian had acted before; one that is still
  /// at it is asked again.
  func disarm(_ hold: HoldID) async -> GuardianFinding
  /// Has the guardian end the hold by its own means, at once, each once. It forgets the hold when that is done; `gone` when it
  /// does not have the hold.
  func end(_ hold: HoldID) async -> GuardianFinding
  /// Finishes when the guardian is gone; the agent then ends every hold at once.
  func waitUntilGone() async
}

package enum GuardianFinding: Hashable, Sendable {
  /// The guardian had done nothing.
  case idle
  /// The guardian is ending the hold: what it has begun, such as a program of the plan, goes on.
  case rescuing
  /// The guardian had already ended the hold: the lease or the cap had passed on its clock.
  case rescued
  /// The guardian does not answer.
  case gone
}
