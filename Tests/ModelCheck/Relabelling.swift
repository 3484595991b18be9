import CutModel
import CutProtocol
import Foundation
import Model

/// Exchanges two members in everything that names them, so that what one node can do is found out once for all nodes.
struct Relabelling {
  private let names: [ServiceName: ServiceName]
  private let boots: [String: String]
  private let mergesLosses: Bool

  init(_ fleet: ModelFleet, exchanging first: Int, with second: Int) {
    mergesLosses = fleet.sealed.plan.policy == .strict
    let left = fleet.members[first]
    let right = fleet.members[second]
    let same = first == second
    names = same ? [:] : [left.name: right.name, right.name: left.name]
    boots = same ? [:] : [left.node.text: right.node.text, right.node.text: left.node.text]
  }

  func name(_ name: ServiceName) -> ServiceName { names[name] ?? name }

  func hold(_ hold: HoldID) -> HoldID {
    HoldID(
      boot: boots[hold.boot] ?? hold.boot, incarnation: hold.incarnation, counter: hold.counter)
  }

  func vector(_ vector: WitnessVector) -> WitnessVector {
    WitnessVector(
      Dictionary(uniqueKeysWithValues: vector.entries.map { (name($0.member), hold($0.hold)) }))
  }

  func order(_ order: CutOrder) -> CutOrder {
    switch order {
    case .prepare(let fence, let member, let plan, let lease):
      .prepare(fence: fence, member: name(member), plan: plan, lease: lease)
    case .freeze(let fence, let member, let after):
      .freeze(fence: fence, member: name(member), after: vector(after))
    case .renew(let fence, let member, let id, let lease):
      .renew(fence: fence, member: name(member), hold: hold(id), lease: lease)
    case .witness(let fence, let member, let witness):
      .witness(fence: fence, member: name(member), vector: vector(witness))
    case .cut(let fence, let member, let id, let snapshots):
      .cut(
        fence: fence, member: name(member), hold: hold(id),
        snapshots: records(snapshots, of: member, fence))
    case .abort(let fence, let member, _, let epoch):
      // The reason is for people; without it, orders that differ in nothing else are one.
      .abort(fence: fence, member: name(member), reason: "", by: epoch)
    case .query(let fence, let member, let epoch):
      .query(fence: fence, member: name(member), by: epoch)
    case .settled(let fence, let member, let epoch):
      .settled(fence: fence, member: name(member), by: epoch)
    }
  }

  func report(_ report: CutReport) throws -> CutReport {
    CutReport(fence: report.fence, member: name(report.member), news: try news(report))
  }

  /// In a model every volume is named after the member that cuts it.
  private func records(
    _ snapshots: [SnapshotRecord], of member: ServiceName, _ fence: Fence
  ) -> [SnapshotRecord] {
    snapshots.map { snapshot in
      ModelFleet.record(
        of: name(ServiceName(accepted: snapshot.volume.handle.text)), as: name(member), fence,
        isShared: true)
    }
  }

  private func news(_ report: CutReport) throws -> CutReport.News {
    switch report.news {
    case .cut(let snapshots): return .cut(records(snapshots, of: report.member, report.fence))
    case .frozen(let id): return .frozen(hold(id))
    case .certified(let certificate):
      var account = try Account.read(certificate)
      account.member = name(account.member)
      account.witness = vector(account.witness)
      account.heldAfter = vector(account.heldAfter)
      return .certified(try account.certificate)
    case .ended: return .ended(reason: "")
    // Under a strict plan the coordinator does the same whatever it was that failed.
    case .nack(let refusal), .refused(let refusal):
      return mergesLosses ? .nack(Refusal(.failed, "")) : .nack(bare(refusal))
    case .prepared(let id, let preparation): return .prepared(hold(id), preparation)
    }
  }

  /// Without what is for people, and without the highest fence: in a search no fence comes from anywhere else.
  private func bare(_ refusal: Refusal) -> Refusal { Refusal(refusal.code, "") }

  func step(_ step: CoordinatorModel.Step) throws -> CoordinatorModel.Step {
    switch step {
    case .hears(let heard, let by): .hears(try report(heard), by: by)
    case .cannotReach(let member): .cannotReach(name(member))
    case .timeIsUp, .renews, .commits, .secondStarts, .recoveryEnds, .cancels: step
    }
  }
}
