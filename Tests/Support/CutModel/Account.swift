package import CutProtocol
internal import Foundation
package import Model

/// What an agent of a model saw of one hold: the little that differs between holds, from which the whole statement is made.
package struct Account: Hashable, Codable, Sendable {
  package var member: ServiceName
  package var fence: Fence
  package var heldAfter: WitnessVector
  package var witness: WitnessVector
  package var hasSnapshots: Bool
  /// It was told what others cut of the volumes that it shares.
  package var hasNotice: Bool
  /// The snapshots were answered after the thaw had begun.
  package var answeredLate: Bool
  package var endedThisHold: Bool
  package var tokenChanged: Bool

  package init(
    member: ServiceName, fence: Fence, heldAfter: WitnessVector, witness: WitnessVector,
    hasSnapshots: Bool, hasNotice: Bool,
    answeredLate: Bool, endedThisHold: Bool, tokenChanged: Bool
  ) {
    self.member = member
    self.fence = fence
    self.heldAfter = heldAfter
    self.witness = witness
    self.hasSnapshots = hasSnapshots
    self.hasNotice = hasNotice
    self.answeredLate = answeredLate
    self.endedThisHold = endedThisHold
    self.tokenChanged = tokenChanged
  }

  /// Nobody signs in a model: whoever reads the bytes believes them.
  package var certificate: HoldCertificate {
    get throws {
      HoldCertificate(
        statement: try CanonicalJSON.encode(self), signature: Data(), chain: [])
    }
  }

  package static func read(_ certificate: HoldCertificate) throws -> Account {
    try CanonicalJSON.decode(Account.self, from: certificate.statement)
  }

  /// The statement of a hold that went through its steps in the order of the proof, except where the account says otherwise.
  package func statement(in fleet: ModelFleet) -> HoldStatement? {
    guard let plan = fleet.sealed.plan.member(member) else { return nil }
    let hold = ModelFleet.hold(on: plan.node, fence)
    let process = ProcessIdentity(container: plan.container, pid: 100, startTicks: 5)
    let token = StateToken(quiescer: "filesystem", values: ["writes": "17"])
    let later = StateToken(quiescer: "filesystem", values: ["writes": "18"])
    return HoldStatement(
      fleet: fleet.sealed.plan.fleet, backup: fleet.sealed.plan.backup,
      planHash: fleet.sealed.hash, fence: fence, node: plan.node, member: member, hold: hold,
      heldAfter: heldAfter, witness: witness,
      steps: HoldSteps(
        quiesceBegan: .zero, held: .milliseconds(20), frozenSent: .milliseconds(21),
        witnessReceived: .milliseconds(35), thawBegan: .milliseconds(41),
        thawEnded: .milliseconds(43)),
      fidelity: .full, tokensAtHold: [token], tokensBeforeThaw: [tokenChanged ? later : token],
      processAtHold: process, processBeforeThaw: process,
      snapshots: snapshots(of: plan),
      thaw: ThawEvidence(
        endedThisHold: endedThisHold, cause: .complete,
        findings: endedThisHold ? [] : ["it was thawed by somebody else"]),
      heldAt: Timestamp(nanoseconds: 0))
  }

  private func snapshots(of plan: MemberPlan) -> [SnapshotRecord] {
    let own = hasSnapshots ? plan.records(of: plan.ownCuts, fence) : []
    let others = hasNotice ? plan.records(of: plan.entrusted, fence) : []
    return (own + others).map { record in
      var record = record
      if answeredLate { record.acknowledged = Elapsed(.milliseconds(42)) }
      return record
    }
  }
}

extension MemberPlan {
  /// What comes of these volumes in an attempt in which all keep to the rules.
  package func records(of volumes: [MemberVolume], _ fence: Fence) -> [SnapshotRecord] {
    volumes.map { volume in
      ModelFleet.record(
        of: volume.delegate ?? name, as: name, fence, isShared: volume.delegate != nil)
    }
  }
}
