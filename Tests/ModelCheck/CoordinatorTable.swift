import CutModel
import CutProtocol
import Model

/// Every state that the coordinators were ever in, with what each step leads to, and which state is the same with members exchanged.
final class CoordinatorTable {
  struct Transition {
    var next: Int
    /// The orders that were sent, by member.
    var sends: InlineArray<3, UInt64>
    var witnessed: Fence?
    /// The witness that was built.
    var vector: WitnessVector?
    var hasCommitted: Bool
    var breach: String?
  }

  private(set) var values: [CoordinatorModel] = []
  private let fleet: ModelFleet
  private let messages: MessageTable
  private let bounds: Bounds
  private var index: [CoordinatorModel: Int] = [:]
  private var transitions: [[CoordinatorModel.Step: Transition]] = []
  private var hearings: [[Transition?]] = []
  private var steps: [[(step: CoordinatorModel.Step, transition: Transition)]?] = []
  /// How each state was first reached.
  private var origins: [(from: Int, step: CoordinatorModel.Step)?] = []
  private var exchanged: [[Int]] = []
  private let relabellings: [Relabelling]
  let exchanges: [(Int, Int)]

  init(_ start: CoordinatorModel, _ messages: MessageTable, _ bounds: Bounds) {
    fleet = start.fleet
    self.messages = messages
    self.bounds = bounds
    let count = start.fleet.members.count
    // Members of different levels are not alike.
    exchanges = (0..<count).flatMap { left in ((left + 1)..<max(count, left + 1)).map { (left, $0) }
    }
    .filter { [fleet] in fleet.members[$0].level == fleet.members[$1].level }
    relabellings = exchanges.map { [fleet] in Relabelling(fleet, exchanging: $0, with: $1) }
    _ = id(of: start, from: nil)
  }

  private func id(
    of value: CoordinatorModel, from origin: (from: Int, step: CoordinatorModel.Step)?
  ) -> Int {
    if let known = index[value] { return known }
    let id = values.count
    index[value] = id
    values.append(value)
    transitions.append([:])
    hearings.append([])
    steps.append(nil)
    origins.append(origin)
    exchanged.append([])
    return id
  }

  func transition(_ id: Int, _ step: CoordinatorModel.Step) throws -> Transition {
    if let known = transitions[id][step] { return known }
    var value = values[id]
    let outcome = value.take(step, at: value.moment(of: step))
    var sends = InlineArray<3, UInt64>(repeating: 0)
    for sent in outcome.orders {
      guard let member = fleet.index(of: sent.member) else { continue }
      sends[member] |= try messages.bit(of: sent.order, from: sent.sender, to: member)
    }
    let made = Transition(
      next: self.id(of: value, from: (id, step)), sends: sends, witnessed: outcome.witnessed,
      vector: outcome.vector,
      hasCommitted: outcome.hasCommitted, breach: outcome.breach)
    transitions[id][step] = made
    return made
  }

  /// What hearing the report of this bit does; nil for orders, which no coordinator receives.
  func hearing(_ bit: Int, of member: Int, at id: Int) throws -> Transition? {
    let place = bit * fleet.members.count + member
    if place < hearings[id].count, let known = hearings[id][place] { return known }
    guard case .report(let report, let life) = messages.message(bit, of: member) else { return nil }
    let made = try transition(id, .hears(report, by: life))
    while hearings[id].count <= place { hearings[id].append(nil) }
    hearings[id][place] = made
    return made
  }

  func own(_ id: Int) throws -> [(step: CoordinatorModel.Step, transition: Transition)] {
    if let known = steps[id] { return known }
    let made = try values[id].steps(bounds).map { ($0, try transition(id, $0)) }
    steps[id] = made
    return made
  }

  /// The state that is this one with two members exchanged: reached by the same steps, exchanged.
  func exchanged(_ id: Int, by exchange: Int) throws -> Int {
    if exchange < exchanged[id].count { return exchanged[id][exchange] }
    let made: [Int]
    if let origin = origins[id] {
      made = try exchanges.indices.map { exchange in
        try transition(
          try exchanged(origin.from, by: exchange), try relabellings[exchange].step(origin.step)
        ).next
      }
    } else {
      made = exchanges.map { _ in id }
    }
    exchanged[id] = made
    return made[exchange]
  }
}

extension CoordinatorModel {
  /// What coordinators may do by themselves.
  func steps(_ bounds: Bounds) -> [Step] {
    guard store.verdict == nil else { return [] }
    var steps: [Step] = []
    if ending != nil {
      steps.append(.commits)
    } else if let cut, !cut.isFinished {
      steps.append(.timeIsUp)
      switch cut.state {
      case .freezing, .witnessed: steps.append(.renews)
      case .waiting, .preparing, .finished: break
      }
    }
    if bounds.secondCoordinator, !hasSecond {
      steps.append(.secondStarts(firstGoesOn: bounds.firstGoesOn))
    }
    if isRecovering { steps.append(.recoveryEnds) }
    return steps
  }

  /// Events come at moment zero, where nothing is due but renewals, except when the machine is told that its time is up.
  func moment(of step: Step) -> Duration {
    guard case .timeIsUp = step, let cut else { return .zero }
    return switch cut.state {
    case .waiting(let until), .preparing(let until), .freezing(_, let until),
      .witnessed(let until):
      until
    case .finished: .zero
    }
  }
}
