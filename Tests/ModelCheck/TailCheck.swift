import CutModel
import CutProtocol
import Model

/// What one node can still do once coordinators are done.
struct TailCheck {
  private struct Tail: Hashable {
    var node: Int
    var sent: UInt64
    var crashes: Int
    var committed: Fence?
  }

  private let nodes: NodeTable
  private let messages: MessageTable
  private let failures: Bool
  private var seen: Set<Tail> = []

  init(nodes: NodeTable, messages: MessageTable, failures: Bool) {
    self.nodes = nodes
    self.messages = messages
    self.failures = failures
  }

  /// The first breach in any order of what is left to happen on the node.
  mutating func check(node: Int, sent: UInt64, crashes: Int, committed: Fence?) throws -> String? {
    var open = [Tail(node: node, sent: sent, crashes: crashes, committed: committed)]
    while let tail = open.popLast() {
      guard seen.insert(tail).inserted else { continue }
      if let committed, !nodes.account(committed, at: tail.node).contains(.exists) {
        return "S14: a snapshot of the committed attempt \(committed) is deleted"
      }
      func add(_ transition: NodeTable.Transition, crashes: Int) -> String? {
        open.append(
          Tail(
            node: transition.next, sent: tail.sent, crashes: crashes, committed: tail.committed))
        return transition.breach
      }
      var left = tail.sent
      while left != 0 {
        let bit = left.trailingZeroBitCount
        left &= left - 1
        if let transition = try nodes.delivery(bit, to: tail.node),
          let breach = add(transition, crashes: tail.crashes)
        {
          return breach
        }
      }
      for (step, transition) in try nodes.own(tail.node, failures) {
        var crashes = tail.crashes
        switch step {
        case .crashes where crashes == 0: continue
        case .crashes: crashes -= 1
        // Whoever breaks a hold now breaks nothing that can still be committed.
        case .thawedByOther, .refrozenByOther: continue
        default: break
        }
        if let breach = add(transition, crashes: crashes) { return breach }
      }
    }
    return nil
  }
}
