import CutModel
import CutProtocol
import Model

/// Goes through every order of events within bounds, nearest first, so that the first breach has the shortest history.
final class Search {
  /// One thing that may happen in a world.
  struct Move {
    enum Kind {
      case coordinator(CoordinatorModel.Step, CoordinatorTable.Transition)
      case hearing(Int, Int, CoordinatorTable.Transition)
      case delivery(Int, Int, NodeTable.Transition)
      case node(Int, NodeModel.Step, NodeTable.Transition)
    }

    let kind: Kind

    init(_ kind: Kind) { self.kind = kind }

    var hasCommitted: Bool {
      switch kind {
      case .coordinator(_, let transition), .hearing(_, _, let transition): transition.hasCommitted
      case .delivery, .node: false
      }
    }
  }

  /// Without these the arguments for forgetting messages and tidying up do not hold.
  private static let assumed: Set<Rule> = [
    .onceForAFence, .neverRevived, .lowerFenceRefused, .higherFenceEndsOlder, .reportsOfThisFence,
  ]

  let bounds: Bounds
  let fleet: ModelFleet
  let messages: MessageTable
  let nodes: NodeTable
  let coordinators: CoordinatorTable
  private(set) var seen = StateStore()
  private var tails: TailCheck
  private var found = Found()
  let isReducing: Bool

  init(_ bounds: Bounds, without rule: Rule? = nil, reducing: Bool = true) throws {
    self.bounds = bounds
    isReducing = reducing && rule.map { !Self.assumed.contains($0) } ?? true
    // No two moments are ever compared across a step, so one nanosecond is as good as ten seconds, and fewer states.
    let names = ["orders", "payments", "stock"].prefix(bounds.members)
    fleet = try ModelFleet(
      Array(names), levels: bounds.drain ? names.indices.reversed().map { $0 } : nil,
      policy: bounds.bestEffort ? .bestEffort : .strict,
      freeze: FreezeLimits(cap: .nanoseconds(1), drain: bounds.drain), shared: bounds.shared)
    var times = CutTimes()
    times.prepare = .zero
    times.renewal = .zero
    times.certificates = .zero
    times.pauses = Array(repeating: .zero, count: bounds.attempts - 1)
    messages = MessageTable(fleet)
    nodes = NodeTable(
      NodeModel(fleet.members[0], of: fleet, cap: .seconds(10), without: rule), messages)
    coordinators = CoordinatorTable(
      CoordinatorModel(
        fleet, times: times, mayBeFollowed: bounds.secondCoordinator, without: rule), messages,
      bounds)
    tails = TailCheck(nodes: nodes, messages: messages, failures: bounds.failures)
  }

  /// Every state that coordinators were in when something else was still to happen, with any two members exchanged too: which
  /// of such worlds is gone through is a matter of order.
  func coordinatorsReached() throws -> Set<CoordinatorModel> {
    var ids = Set(seen.worlds.map { Int($0.coordinator) })
    for id in ids {
      for exchange in coordinators.exchanges.indices {
        ids.insert(try coordinators.exchanged(id, by: exchange))
      }
    }
    return Set(ids.map { coordinators.values[$0] })
  }

  func run() throws -> Found {
    var start = World(
      coordinator: 0, crashesLeft: UInt8(bounds.agentCrashes),
      thirdPartiesLeft: UInt8(bounds.thirdParties), nodes: InlineArray(repeating: 0),
      sent: InlineArray(repeating: 0))
    try settle(&start)
    _ = seen.insert(start, from: -1)
    var next = 0
    var levelEnds = 1
    while next < seen.count, seen.count < bounds.most {
      if next == levelEnds {
        found.depth += 1
        levelEnds = seen.count
      }
      try expand(next)
      if found.breach != nil { break }
      next += 1
    }
    found.states = seen.count
    found.isComplete = next == seen.count
    found.nodeStates = nodes.values.count
    found.coordinatorStates = coordinators.values.count
    found.messages = messages.messages.count
    return found
  }

  private func expand(_ index: Int) throws {
    let world = seen.worlds[index]
    try forEachMove(of: world) { move in
      found.transitions += 1
      var next = world
      if let breach = try make(move, in: &next) {
        found.breach = breach
        found.trace = try trace(to: index, then: move)
        return false
      }
      guard !move.hasCommitted else { return true }
      try settle(&next)
      _ = seen.insert(next, from: index)
      return true
    }
  }

  /// Every move, until `body` answers false.
  func forEachMove(of world: World, _ body: (Move) throws -> Bool) throws {
    let coordinator = Int(world.coordinator)
    for (step, transition) in try coordinators.own(coordinator) {
      guard try body(Move(.coordinator(step, transition))) else { return }
    }
    for member in 0..<bounds.members {
      let node = Int(world.nodes[member])
      var left = world.sent[member]
      while left != 0 {
        let bit = left.trailingZeroBitCount
        left &= left - 1
        if let transition = try nodes.delivery(bit, to: node) {
          guard try body(Move(.delivery(bit, member, transition))) else { return }
        } else if let transition = try coordinators.hearing(bit, of: member, at: coordinator) {
          guard try body(Move(.hearing(bit, member, transition))) else { return }
        }
      }
      for (step, transition) in try nodes.own(node, bounds.failures) {
        switch step {
        case .crashes where world.crashesLeft == 0: continue
        case .thawedByOther where world.thirdPartiesLeft == 0: continue
        case .refrozenByOther where world.thirdPartiesLeft == 0: continue
        default: guard try body(Move(.node(member, step, transition))) else { return }
        }
      }
    }
  }

  /// Makes the move; answers what it broke.
  func make(_ move: Move, in world: inout World) throws -> String? {
    switch move.kind {
    case .coordinator(_, let transition), .hearing(_, _, let transition):
      if let breach = transition.breach { return breach }
      if let vector = transition.vector,
        let other = vector.entries.first(where: { entry in
          transition.witnessed.map { entry.hold.counter != UInt64($0.attempt) } ?? false
        })
      {
        return "S1: the witness of an attempt names a hold of another: \(other.hold)"
      }
      world.coordinator = UInt32(transition.next)
      for member in 0..<bounds.members { world.sent[member] |= transition.sends[member] }
      if let fence = transition.witnessed {
        for member in 0..<bounds.members {
          world.nodes[member] = UInt32(nodes.witness(fence, at: Int(world.nodes[member])))
        }
      }
      guard transition.hasCommitted else { return nil }
      return try judge(world) ?? breachAfterCommit(world)
    case .delivery(_, let member, let transition), .node(let member, _, let transition):
      if let breach = transition.breach { return breach }
      world.nodes[member] = UInt32(transition.next)
      world.sent[member] |= transition.sends
      if case .node(_, let step, _) = move.kind {
        switch step {
        case .crashes: world.crashesLeft -= 1
        case .thawedByOther, .refrozenByOther: world.thirdPartiesLeft -= 1
        case .snapshotsAnswered(let fence) where bounds.shared:
          for other in 0..<bounds.members where other != member {
            world.nodes[other] = UInt32(nodes.sharedCut(fence, at: Int(world.nodes[other])))
          }
        default: break
        }
      }
      return nil
    }
  }

  /// After the commit nothing that coordinators do can change any more, and no node hears of another: what is left to check
  /// is each node by itself.
  private func breachAfterCommit(_ world: World) throws -> String? {
    let evidence = coordinators.values[Int(world.coordinator)].store.evidence
    for member in 0..<bounds.members {
      let name = fleet.members[member].name
      let isIn = evidence?.leftOut.contains { $0.member == name } == false
      let breach = try tails.check(
        node: Int(world.nodes[member]), sent: world.sent[member],
        crashes: Int(world.crashesLeft), committed: isIn ? evidence?.fence : nil)
      if let breach { return breach }
    }
    return nil
  }

  /// What a backup claims against what really happened.
  private func judge(_ world: World) throws -> String? {
    found.commits += 1
    let store = coordinators.values[Int(world.coordinator)].store
    guard let evidence = store.evidence, let verdict = store.verdict else { return nil }
    let left = Set(evidence.leftOut.map(\.member))
    for certificate in evidence.certificates {
      let witness = try Account.read(certificate).witness
      if let named = witness.entries.first(where: { left.contains($0.member) }) {
        return "S19: \(named.member) was left out after the witness that names it"
      }
    }
    let isProved =
      verdict.grade == .applicationConsistent
      || !left.isEmpty && verdict.grade == .groupConsistent
    if isProved { found.proved += 1 }
    var isBroken = false
    for member in 0..<bounds.members where !left.contains(fleet.members[member].name) {
      let name = fleet.members[member].name
      let account = nodes.account(evidence.fence, at: Int(world.nodes[member]))
      if account.contains(.wasBroken) { isBroken = true }
      guard isProved else { continue }
      if account.contains(.wasBroken) {
        return "S12: the hold of \(name) was broken, and nobody says so"
      }
      if !account.contains(.heldAtWitness) { return "S1: \(name) was not held at the witness" }
      if !account.contains(.cutInHold) {
        return "S2: the snapshot of \(name) was not cut in its hold"
      }
      if account.contains(.missedCut) {
        return "S2: a volume that \(name) shares was cut while it was not held"
      }
      if !account.contains(.exists) { return "S14: the snapshot of \(name) does not exist" }
    }
    if !isProved, !isBroken {
      return "L3: nothing went wrong, and the verdict is \(verdict.grade): \(verdict.sentence)"
    }
    return nil
  }
}
