import Foundation
import Model

@testable import CutProtocol

/// The coordinator's machine of one group, with short words for what its agents answer.
struct CoordinatorDriver {
  let sealed: SealedPlan
  var machine: CoordinatorCut
  var now = Duration.seconds(1000)
  var times = CutTimes()
  var fence: Fence { machine.fence }

  init(_ sealed: SealedPlan, group: Int = 0) {
    self.sealed = sealed
    machine = CoordinatorCut(
      plan: sealed, group: group, fence: Fixture.fence, times: CutTimes(), jitter: [0.5, 0.5],
      at: .seconds(1000))
  }

  @discardableResult
  mutating func feed(_ event: CoordinatorCut.Event) -> [CoordinatorCut.Action] {
    machine.apply(event, at: now)
  }

  @discardableResult
  mutating func tick(after pause: Duration = .zero) -> [CoordinatorCut.Action] {
    now += pause
    return feed(.tick)
  }

  /// Begins the attempt and answers prepare for `members`.
  mutating func prepare(_ members: ServiceName...) {
    tick()
    for member in members {
      feed(.prepared(member, Fixture.hold(1, of: member), Fixture.preparation()))
    }
  }

  mutating func freeze(_ members: ServiceName...) {
    for member in members { feed(.frozen(member, Fixture.hold(1, of: member))) }
  }

  /// The certificate of a good hold of this attempt, changed by `change`.
  mutating func certify(
    _ member: ServiceName, witness: WitnessVector,
    change: (inout HoldStatement) -> Void = { _ in }
  ) throws -> [CoordinatorCut.Action] {
    guard let plan = sealed.plan.member(member) else { return [] }
    var statement = Fixture.statement(of: plan, in: sealed, fence: fence, witness: witness)
    change(&statement)
    return feed(.certified(Self.certificate(of: member), statement))
  }

  static func certificate(of member: ServiceName) -> HoldCertificate {
    Fixture.certificate("certificate of \(member)")
  }

  func abort(_ member: ServiceName, _ reason: String) -> CoordinatorCut.Action {
    .send(
      .abort(fence: fence, member: member, reason: reason), to: Fixture.node(of: member))
  }

  func freezeOrder(_ member: ServiceName, after: [ServiceName] = []) -> CoordinatorCut.Action {
    .send(
      .freeze(fence: fence, member: member, after: Fixture.witness(after)),
      to: Fixture.node(of: member))
  }

  func witnessOrder(_ member: ServiceName, _ vector: WitnessVector) -> CoordinatorCut.Action {
    .send(
      .witness(fence: fence, member: member, vector: vector), to: Fixture.node(of: member))
  }

  func renewOrder(_ member: ServiceName) -> CoordinatorCut.Action {
    .send(
      .renew(
        fence: fence, member: member, hold: Fixture.hold(1, of: member), lease: times.lease),
      to: Fixture.node(of: member))
  }
}

extension [CoordinatorCut.Action] {
  /// Without the remarks for people.
  var decisive: [CoordinatorCut.Action] {
    filter { if case .log = $0 { false } else { true } }
  }
}
