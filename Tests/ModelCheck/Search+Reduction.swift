import CutModel
import CutProtocol
import Model

/// What makes a search small enough to be whole. Each of these is an argument, and `ExhaustiveTests` compares with searches without them.
extension Search {
  /// Brings a world into the form in which it is compared. Answers which member is in whose place.
  @discardableResult
  func settle(_ world: inout World) throws -> [Int] {
    if isReducing { try tidyUp(&world) }
    try saturate(&world)
    if isReducing { forgetDeadMessages(&world) }
    return try canonicalise(&world)
  }

  private func tidyUp(_ world: inout World) throws {
    for member in 0..<bounds.members {
      let tidied = try nodes.tidied(Int(world.nodes[member]), canCrash: world.crashesLeft > 0)
      world.nodes[member] = UInt32(tidied.next)
      world.sent[member] |= tidied.sends
    }
  }

  /// Takes at once every step that changes nothing but adds messages. The world that it leads to can do whatever this one can, since
  /// nobody has to hear a message.
  private func saturate(_ world: inout World) throws {
    var hasGrown = true
    while hasGrown {
      hasGrown = false
      let before = world.sent
      let coordinator = Int(world.coordinator)
      for (_, transition) in try coordinators.own(coordinator) {
        addMessages(of: transition, staying: coordinator, &world)
      }
      for member in 0..<bounds.members {
        let node = Int(world.nodes[member])
        var left = world.sent[member]
        while left != 0 {
          let bit = left.trailingZeroBitCount
          left &= left - 1
          if let step = try nodes.delivery(bit, to: node) {
            if step.next == node, step.breach == nil { world.sent[member] |= step.sends }
          } else if let step = try coordinators.hearing(bit, of: member, at: coordinator) {
            addMessages(of: step, staying: coordinator, &world)
          }
        }
      }
      for member in 0..<bounds.members where world.sent[member] != before[member] {
        hasGrown = true
      }
    }
  }

  private func addMessages(
    of transition: CoordinatorTable.Transition, staying coordinator: Int, _ world: inout World
  ) {
    guard transition.next == coordinator, transition.breach == nil, !transition.hasCommitted,
      transition.witnessed == nil
    else { return }
    for member in 0..<bounds.members { world.sent[member] |= transition.sends[member] }
  }

  /// Messages that can change nothing any more, whatever happens, are as good as lost.
  private func forgetDeadMessages(_ world: inout World) {
    let coordinator = coordinators.values[Int(world.coordinator)]
    for member in 0..<bounds.members {
      var left = world.sent[member]
      while left != 0 {
        let bit = left.trailingZeroBitCount
        left &= left - 1
        let isDead =
          switch messages.message(bit, of: member) {
          case .order(let order, _): nodes.values[Int(world.nodes[member])].isDeaf(to: order)
          case .report(let report, let hearer): coordinator.isDeaf(to: report, hearer)
          }
        if isDead { world.sent[member] &= ~(1 << UInt64(bit)) }
      }
    }
  }

  /// Of worlds that differ only in which member is which, one is gone through. Answers which member is in whose place.
  private func canonicalise(_ world: inout World) throws -> [Int] {
    var order = Array(0..<bounds.members)
    for (exchange, (left, right)) in coordinators.exchanges.enumerated() {
      let first = (world.nodes[left], world.sent[left])
      let second = (world.nodes[right], world.sent[right])
      if first < second { continue }
      let other = UInt32(try coordinators.exchanged(Int(world.coordinator), by: exchange))
      if first == second, other >= world.coordinator { continue }
      world.coordinator = other
      (world.nodes[left], world.sent[left]) = second
      (world.nodes[right], world.sent[right]) = first
      order.swapAt(left, right)
    }
    return order
  }
}
