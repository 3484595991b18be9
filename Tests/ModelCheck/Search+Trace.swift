import CutModel
import CutProtocol
import Model

extension Search {
  /// The events on the way to a state, and one more, with every member under one name throughout.
  func trace(to index: Int, then last: Move) throws -> [String] {
    let path = seen.path(to: index)
    var places = Array(0..<bounds.members)
    var lines: [String] = []
    for (from, to) in zip(path, path.dropFirst()) {
      let wanted = seen.worlds[to]
      try forEachMove(of: seen.worlds[from]) { move in
        var next = seen.worlds[from]
        guard try make(move, in: &next) == nil, !move.hasCommitted else { return true }
        let order = try settle(&next)
        guard next == wanted else { return true }
        lines.append(words(of: move, places))
        places = order.map { places[$0] }
        return false
      }
    }
    return lines + [words(of: last, places)]
  }

  private func words(of move: Move, _ places: [Int]) -> String {
    func name(_ member: Int) -> String { fleet.members[places[member]].name.text }
    switch move.kind {
    case .coordinator(let step, _): return "\(step.actor)  \(step.words)"
    case .node(let member, let step, _): return "\(name(member))  \(step.words)"
    case .delivery(let bit, let member, _), .hearing(let bit, let member, _):
      switch messages.message(bit, of: places[member]) {
      case .order(let order, let sender):
        return "\(name(member))  \(NodeModel.Step.order(order, from: sender).words)"
          + (sender == 2 ? " from the second coordinator" : "")
      case .report(let report, let hearer):
        let step = CoordinatorModel.Step.hears(report, by: hearer)
        return "\(step.actor)  \(step.words)"
      }
    }
  }
}
