package import CutProtocol
package import Model

/// What coordinators do: the durable store, and up to two coordinators that work on it, one after the other or, when the first was
/// only believed dead, both. A value: a step leads from one to the next.
package struct CoordinatorModel: Sendable {
  package enum Step: Hashable, Sendable {
    /// The machine's pause or patience is over.
    case timeIsUp
    case renews
    case hears(CutReport, by: Int)
    case commits
    /// A second coordinator starts on the same store. The first one may go on for a while.
    case secondStarts(firstGoesOn: Bool)
    /// Recovery has all answers, or has waited long enough.
    case recoveryEnds
    case cancels
    /// The order could not be sent to this member.
    case cannotReach(ServiceName)
  }

  package struct Outcome: Sendable {
    package struct Order: Sendable {
      package var order: CutOrder
      /// 1 or 2.
      package var sender: Int
      package var member: ServiceName
    }

    package var orders: [Order] = []
    package var actions: [CoordinatorCut.Action] = []
    /// What is done, in the words of the scenario files.
    package var words: [String] = []
    /// A witness was built in this step.
    package var witnessed: Fence?
    package var vector: WitnessVector? {
      guard witnessed != nil else { return nil }
      for case .send(.witness(_, _, let vector), _) in actions { return vector }
      return nil
    }
    /// The step ended the backup.
    package var hasCommitted = false
    package var wasRefused = false
    package var breach: String?
  }

  /// What is on disk.
  package struct Store: Hashable, Sendable {
    package internal(set) var epoch: UInt64
    package internal(set) var begun: [Fence] = []
    /// Members of attempts that are not known to have ended.
    var open: Set<Place> = []
    var certificates: [Place: HoldCertificate] = [:]
    package internal(set) var verdict: Verdict?
    package internal(set) var evidence: GroupEvidence?
  }

  struct Place: Hashable, Sendable {
    var fence: Fence
    var member: ServiceName
  }

  package enum Ending: Hashable, Sendable {
    case evidence(GroupEvidence)
    case failed
  }

  package let fleet: ModelFleet
  package internal(set) var store: Store
  /// Nil once it has died.
  package internal(set) var cut: CoordinatorCut?
  /// The first coordinator's result, on its way into the store.
  package internal(set) var ending: Ending?
  /// The first coordinator's own epoch.
  var epoch: UInt64
  package internal(set) var hasSecond = false
  /// What agents have confirmed to the second coordinator.
  var confirmed: Set<Place> = []
  package internal(set) var isRecovering = false
  let without: Rule?
  /// A second coordinator may start; if none ever does, nobody asks what became of earlier attempts.
  package let mayBeFollowed: Bool

  package init(
    _ fleet: ModelFleet, times: CutTimes, epoch: UInt64 = 1, at now: Duration = .zero,
    mayBeFollowed: Bool = true, without rule: Rule? = nil
  ) {
    self.mayBeFollowed = mayBeFollowed
    self.fleet = fleet
    self.epoch = epoch
    self.store = Store(epoch: epoch)
    self.without = rule
    cut = CoordinatorCut(
      plan: fleet.sealed, group: 0, fence: Fence(epoch: epoch, cut: 1, attempt: 1), times: times,
      jitter: times.pauses.map { _ in 0.5 }, at: now)
  }

  package func keeps(_ rule: Rule) -> Bool { without != rule }

  /// Whether the attempt is still to be ended on the member's node, as far as the store knows.
  package func isOpen(_ report: CutReport) -> Bool {
    store.open.contains(Place(fence: report.fence, member: report.member))
  }

  package mutating func take(_ step: Step, at now: Duration) -> Outcome {
    var outcome = Outcome()
    switch step {
    case .timeIsUp, .renews: feed(.tick, at: now, &outcome)
    case .cancels: feed(.cancel(reason: "cancelled by the operator"), at: now, &outcome)
    case .cannotReach(let member):
      feed(.unreachable(member, reason: "its node is away"), at: now, &outcome)
    case .hears(let report, 1):
      hear(report, at: now, &outcome)
      // What comes late from an agent that had not heard of the second one yet.
      if hasSecond, !keeps(.confirmedInThisEpoch) { confirm(report) }
    case .hears(let report, _): confirm(report)
    case .commits: commit(&outcome)
    case .secondStarts(let firstGoesOn):
      store.epoch += 1
      hasSecond = true
      if !firstGoesOn {
        cut = nil
        ending = nil
      }
      if store.verdict == nil {
        isRecovering = true
        if !keeps(.confirmedByAgents) { confirmed = Set(store.certificates.keys) }
        ask(&outcome)
      } else {
        sweep(from: 2, &outcome)
      }
    case .recoveryEnds: recover(&outcome)
    }
    return outcome
  }

  // The first coordinator.

  private mutating func hear(_ report: CutReport, at now: Duration, _ outcome: inout Outcome) {
    let place = Place(fence: report.fence, member: report.member)
    if case .ended = report.news { close(place) }
    guard let cut, ending == nil, !cut.isFinished else { return }
    guard report.fence == cut.fence || !keeps(.reportsOfThisFence) else { return }
    let name = report.member
    switch report.news {
    case .prepared(let hold, let preparation):
      feed(.prepared(name, hold, preparation), at: now, &outcome)
    case .refused(let refusal): feed(.refused(name, noted(refusal)), at: now, &outcome)
    case .frozen(let hold): feed(.frozen(name, hold), at: now, &outcome)
    case .cut(let snapshots): feed(.cut(name, snapshots), at: now, &outcome)
    case .nack(let refusal): feed(.nack(name, noted(refusal)), at: now, &outcome)
    case .ended(let reason): feed(.ended(name, reason: reason), at: now, &outcome)
    case .certified(let certificate):
      guard let statement = try? Account.read(certificate).statement(in: fleet) else {
        return feed(.rejected(name, reason: "it is not readable"), at: now, &outcome)
      }
      feed(.certified(certificate, statement), at: now, &outcome)
    }
  }

  /// A stale fence shows a higher epoch, which the next attempt then uses.
  private mutating func noted(_ refusal: Refusal) -> Refusal {
    guard refusal.code == .staleFence, let highest = refusal.highestFence, keeps(.epochRaised)
    else { return refusal }
    if highest.epoch > epoch {
      store.epoch = highest.epoch + 1
      epoch = store.epoch
    }
    return refusal
  }

  private mutating func feed(
    _ event: CoordinatorCut.Event, at now: Duration, _ outcome: inout Outcome
  ) {
    guard let state = cut?.state, ending == nil, !state.isFinal else { return }
    cut?.raiseEpoch(to: epoch)
    guard var actions = cut?.apply(event, at: now) else { return }
    if !keeps(.attemptIsDurable) {
      actions = actions.filter(\.isSend) + actions.filter { !$0.isSend }
    }
    if let rule = without { actions = withoutRule(rule, event, actions, at: now) }
    outcome.actions += actions
    if case .freezing = state, case .witnessed = cut?.state { outcome.witnessed = cut?.fence }
    for action in actions {
      guard perform(action, &outcome) else { break }
    }
  }

  /// False when nothing after the action may be done.
  private mutating func perform(_ action: CoordinatorCut.Action, _ outcome: inout Outcome) -> Bool {
    if let word = action.word { outcome.words.append(word) }
    switch action {
    case .begin(let fence, let members):
      guard store.epoch == fence.epoch, store.verdict == nil else {
        ending = .failed
        outcome.wasRefused = true
        return false
      }
      store.begun.append(fence)
      store.open.formUnion(members.map { Place(fence: fence, member: $0) })
      store.certificates = [:]
    case .send(let order, _): send(order, from: 1, &outcome)
    case .keep(let certificate, let fence, let member):
      keep(certificate, Place(fence: fence, member: member))
    case .finish(.evidence(let evidence)): ending = .evidence(evidence)
    case .finish(.failed): ending = .failed
    case .log: break
    }
    return true
  }

  func send(_ order: CutOrder, from sender: Int, _ outcome: inout Outcome) {
    if sender == 1, !store.begun.contains(order.fence) {
      outcome.breach = "S13: \(order.member) was sent an order of an attempt that is not stored"
    }
    outcome.words.append("\(order.word) \(order.member)")
    outcome.orders.append(Outcome.Order(order: order, sender: sender, member: order.member))
  }

  private mutating func commit(_ outcome: inout Outcome) {
    guard let ending else { return }
    self.ending = nil
    cut = nil
    let isCurrent = store.epoch == epoch && store.verdict == nil
    guard isCurrent || !keeps(.epochCondition) else {
      outcome.wasRefused = true
      outcome.words.append("refused: superseded")
      return sweep(from: 1, &outcome)
    }
    if store.epoch != epoch { outcome.breach = "S8: a superseded coordinator has committed" }
    if store.verdict != nil { outcome.breach = "S8: a backup was committed twice" }
    switch ending {
    case .evidence(let evidence): store(evidence, &outcome)
    case .failed: store(nil, &outcome)
    }
    sweep(from: 1, &outcome)
  }

  private mutating func store(_ evidence: GroupEvidence?, _ outcome: inout Outcome) {
    store.verdict = Judgement.verdict(of: evidence, in: fleet, without: without)
    store.evidence = evidence
    outcome.hasCommitted = true
    outcome.words.append("commit \(store.verdict?.grade.rawValue ?? "")")
  }

  // Both of them.

  private mutating func close(_ place: Place) {
    guard mayBeFollowed else { return }
    store.open.remove(place)
    confirmed.remove(place)
  }

  /// Whether it is stored now.
  @discardableResult
  private mutating func keep(_ certificate: HoldCertificate, _ place: Place) -> Bool {
    if let known = store.certificates[place] { return known == certificate }
    store.certificates[place] = certificate
    return true
  }

  /// Ends every attempt that is open on a node: settled if it was committed, aborted if not.
  private func sweep(from sender: Int, _ outcome: inout Outcome) {
    guard store.verdict != nil else { return }
    for place in store.open.sorted() {
      if place.fence == store.evidence?.fence {
        send(.settled(fence: place.fence, member: place.member), from: sender, &outcome)
      } else {
        let reason = "its attempt is not part of any backup"
        send(
          .abort(fence: place.fence, member: place.member, reason: reason), from: sender, &outcome)
      }
    }
  }

  // The second coordinator.

  /// The newest attempt that is open anywhere.
  private var newest: [Place] {
    let fence = store.open.map(\.fence).max()
    return store.open.filter { $0.fence == fence }.sorted()
  }

  private func ask(_ outcome: inout Outcome) {
    for place in newest {
      send(.query(fence: place.fence, member: place.member), from: 2, &outcome)
    }
  }

  private mutating func confirm(_ report: CutReport) {
    let place = Place(fence: report.fence, member: report.member)
    switch report.news {
    case .ended: close(place)
    case .certified(let certificate):
      if keep(certificate, place) { confirmed.insert(place) }
    case .prepared, .refused, .frozen, .cut, .nack: break
    }
  }

  private mutating func recover(_ outcome: inout Outcome) {
    guard isRecovering else { return }
    isRecovering = false
    guard store.verdict == nil else { return sweep(from: 2, &outcome) }
    let members = newest.filter(confirmed.contains)
    let certificates = members.compactMap { store.certificates[$0] }
    if certificates.count == fleet.members.count, let fence = members.first?.fence {
      store(GroupEvidence(group: 0, fence: fence, certificates: certificates), &outcome)
    } else {
      store(nil, &outcome)
    }
    sweep(from: 2, &outcome)
  }
}

extension CoordinatorModel.Place: Comparable {
  static func < (left: Self, right: Self) -> Bool {
    (left.fence, left.member) < (right.fence, right.member)
  }
}

extension CoordinatorCut.State {
  var isFinal: Bool { self == .finished }
}

extension CoordinatorCut.Action {
  var isSend: Bool { if case .send = self { true } else { false } }
}

extension CoordinatorModel: Hashable {
  /// What is the same in all states of one search is left out.
  package static func == (left: Self, right: Self) -> Bool {
    left.cut == right.cut && left.store == right.store && left.ending == right.ending
      && left.epoch == right.epoch && left.hasSecond == right.hasSecond
      && left.confirmed == right.confirmed && left.isRecovering == right.isRecovering
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(cut?.state)
    hasher.combine(cut?.fence)
    hasher.combine(cut?.phases)
    hasher.combine(store)
    hasher.combine(ending)
    hasher.combine(hasSecond)
    hasher.combine(confirmed)
    hasher.combine(isRecovering)
  }
}
