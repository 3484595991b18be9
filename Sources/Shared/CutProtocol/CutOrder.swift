package import Foundation
package import Model

/// What the coordinator tells an agent about one member of one cut. None of them freezes anything but `freeze`.
///
/// Those that end an attempt may come from a later coordinator than the attempt's own, and then name its epoch as `by`.
package enum CutOrder: Hashable, Sendable {
  /// Get everything ready; nothing is held yet. `plan` is the sealed plan's bytes.
  case prepare(fence: Fence, member: ServiceName, plan: Data, lease: Duration)
  /// `after` names the holds of callers that were already in force when this was sent: the evidence of draining.
  case freeze(fence: Fence, member: ServiceName, after: WitnessVector)
  /// Sets the lease of a hold that is being taken or in force anew; never begins one.
  case renew(fence: Fence, member: ServiceName, hold: HoldID, lease: Duration)
  case witness(fence: Fence, member: ServiceName, vector: WitnessVector)
  /// What the delegates of this member's shared volumes have cut of them: one record for each volume that it has entrusted.
  case cut(fence: Fence, member: ServiceName, hold: HoldID, snapshots: [SnapshotRecord])
  /// Thaw now if held, drop what was prepared, delete this attempt's snapshots.
  case abort(fence: Fence, member: ServiceName, reason: String, by: UInt64? = nil)
  /// Tell what became of this member: answered with `certified`, or `ended` when there is no certificate.
  case query(fence: Fence, member: ServiceName, by: UInt64? = nil)
  /// The backup is stored: the agent may forget the certificate.
  case settled(fence: Fence, member: ServiceName, by: UInt64? = nil)

  package var fence: Fence {
    switch self {
    case .prepare(let fence, _, _, _), .freeze(let fence, _, _), .renew(let fence, _, _, _),
      .witness(let fence, _, _), .cut(let fence, _, _, _), .abort(let fence, _, _, _),
      .query(let fence, _, _),
      .settled(let fence, _, _):
      fence
    }
  }

  /// The epoch of the coordinator that speaks; never older than that of the attempt.
  package var issuer: UInt64 {
    switch self {
    case .abort(_, _, _, let epoch), .query(_, _, let epoch), .settled(_, _, let epoch):
      max(epoch ?? 0, fence.epoch)
    case .prepare, .freeze, .renew, .witness, .cut: fence.epoch
    }
  }

  package var member: ServiceName {
    switch self {
    case .prepare(_, let member, _, _), .freeze(_, let member, _), .renew(_, let member, _, _),
      .witness(_, let member, _), .cut(_, let member, _, _), .abort(_, let member, _, _),
      .query(_, let member, _),
      .settled(_, let member, _):
      member
    }
  }
}

/// What an agent tells the coordinator about one member of one cut.
package struct CutReport: Hashable, Sendable {
  package var fence: Fence
  package var member: ServiceName
  package var news: News
  /// The newest epoch that the attempt had obeyed when it said this: 0 for none. What was said to an earlier coordinator
  /// is no answer to a later one.
  package var obeyed: UInt64

  package init(fence: Fence, member: ServiceName, news: News, obeyed: UInt64 = 0) {
    self.fence = fence
    self.member = member
    self.news = news
    self.obeyed = obeyed
  }

  package enum News: Hashable, Sendable {
    /// Nothing is held yet; the hold ID is the one that `freeze` will use, so that the hold can be renewed while it is taken.
    case prepared(HoldID, Preparation)
    case refused(Refusal)
    case frozen(HoldID)
    /// The snapshots of a delegate, whose shared volumes other members wait for. Its certificate names them again.
    case cut([SnapshotRecord])
    /// An order found nothing to act on, or was not acceptable; the member is not held by this fence (any more).
    case nack(Refusal)
    case certified(HoldCertificate)
    /// Not held, and there is no certificate to be had.
    case ended(reason: String)
  }
}

/// What prepare found out.
package struct Preparation: Hashable, Codable, Sendable {
  package var predictedQuiesce: Elapsed
  package var predictedSnapshot: Elapsed
  package var fidelity: Fidelity
  /// Remarks that do not forbid the cut.
  package var remarks: [String]

  package init(
    predictedQuiesce: Duration, predictedSnapshot: Duration, fidelity: Fidelity, remarks: [String]
  ) {
    self.predictedQuiesce = Elapsed(predictedQuiesce)
    self.predictedSnapshot = Elapsed(predictedSnapshot)
    self.fidelity = fidelity
    self.remarks = remarks
  }
}

/// Why a member does not take part, and whether a further attempt could change that.
package struct Refusal: Error, Hashable, Codable, Sendable, CustomStringConvertible {
  package enum Code: String, Hashable, Codable, Sendable {
    /// Cannot change by waiting: a missing permission, a wrong setting, a hazard.
    case hazard
    /// The placement that was planned on is not the current one: plan again.
    case moved
    /// Something is busy or was slow: try again.
    case busy
    /// The fence is not higher than the highest accepted, which `highestFence` names.
    case staleFence = "stale-fence"
    /// The lease or the cap ended the hold.
    case expired
    /// Something failed on the way.
    case failed
  }

  package var code: Code
  package var message: String
  package var hint: String?
  package var highestFence: Fence?

  package init(
    _ code: Code, _ message: String, hint: String? = nil, highestFence: Fence? = nil
  ) {
    self.code = code
    self.message = message
    self.hint = hint
    self.highestFence = highestFence
  }

  package var description: String { hint.map { "\(message) (\($0))" } ?? message }

  /// Whether another attempt of the same plan may succeed.
  package var mayPass: Bool {
    code == .busy || code == .expired || code == .failed || code == .staleFence
  }
}
