import CutModel
import CutProtocol
import Model

/// Every state that a node was ever in, with what each step leads to. The machines are asked once for each pair.
final class NodeTable {
  struct Transition {
    var next: Int
    /// The reports that were sent.
    var sends: UInt64
    var breach: String?
  }

  enum Step: Hashable {
    case own(NodeModel.Step)
    /// The coordinator builds its witness at this moment.
    case witness(Fence)
    /// Another member's snapshots are cut at this moment.
    case sharedCut(Fence)
  }

  /// What a commit needs to know of a member's attempt.
  struct Account: OptionSet {
    let rawValue: UInt8
    static let heldAtWitness = Account(rawValue: 1)
    static let cutInHold = Account(rawValue: 2)
    static let wasBroken = Account(rawValue: 4)
    static let exists = Account(rawValue: 8)
    static let missedCut = Account(rawValue: 16)
  }

  private(set) var values: [NodeModel] = []
  private let messages: MessageTable
  private var index: [NodeModel: Int] = [:]
  private var deliveries: [[Transition?]] = []
  private var steps: [[(step: NodeModel.Step, transition: Transition)]?] = []
  private var others: [[Step: Transition]] = []
  private var tidied: [[Int: Transition]] = [[:], [:]]

  init(_ start: NodeModel, _ messages: MessageTable) {
    self.messages = messages
    _ = id(of: start)
  }

  private func id(of value: NodeModel) -> Int {
    if let known = index[value] { return known }
    let id = values.count
    index[value] = id
    values.append(value)
    deliveries.append([])
    steps.append(nil)
    others.append([:])
    return id
  }

  private func make(_ id: Int, _ step: NodeModel.Step) throws -> Transition {
    var value = values[id]
    let outcome = value.take(step, at: .zero)
    let sends = try outcome.reports.reduce(into: UInt64(0)) { mask, report in
      mask |= try messages.bit(of: report, to: outcome.hearer)
    }
    return Transition(next: self.id(of: value), sends: sends, breach: outcome.breach)
  }

  /// What the order of this bit does; nil for reports, which no node receives.
  func delivery(_ bit: Int, to id: Int) throws -> Transition? {
    if bit < deliveries[id].count, let known = deliveries[id][bit] { return known }
    guard case .order(let order, let sender) = messages.messages[bit] else { return nil }
    let made = try make(id, .order(order, from: sender))
    while deliveries[id].count <= bit { deliveries[id].append(nil) }
    deliveries[id][bit] = made
    return made
  }

  /// What a node may do by itself, all faults included.
  func own(_ id: Int, _ failures: Bool) throws -> [(step: NodeModel.Step, transition: Transition)] {
    if let known = steps[id] { return known }
    let faults = NodeModel.Faults(crash: true, thirdParty: true, failures: failures)
    let made = try values[id].steps(with: faults).map { ($0, try make(id, $0)) }
    steps[id] = made
    return made
  }

  func witness(_ fence: Fence, at id: Int) -> Int {
    noted(.witness(fence), at: id) { $0.noteWitness(fence) }
  }

  func sharedCut(_ fence: Fence, at id: Int) -> Int {
    noted(.sharedCut(fence), at: id) { $0.noteSharedCut(fence) }
  }

  private func noted(_ step: Step, at id: Int, _ note: (inout NodeModel) -> Void) -> Int {
    if let known = others[id][step] { return known.next }
    var value = values[id]
    note(&value)
    let next = self.id(of: value)
    others[id][step] = Transition(next: next, sends: 0)
    return next
  }

  /// The state in which everything is done that only tidies up.
  func tidied(_ id: Int, canCrash: Bool) throws -> Transition {
    let kind = canCrash ? 0 : 1
    if let known = tidied[kind][id] { return known }
    var value = values[id]
    var sends: UInt64 = 0
    while let step = value.tidying(canCrash: canCrash) {
      let outcome = value.take(step, at: .zero)
      for report in outcome.reports { sends |= try messages.bit(of: report, to: outcome.hearer) }
    }
    let made = Transition(next: self.id(of: value), sends: sends)
    tidied[kind][id] = made
    return made
  }

  func account(_ fence: Fence, at id: Int) -> Account {
    guard let truth = values[id].truth[fence] else { return [] }
    var account: Account = []
    if truth.heldAtWitness { account.insert(.heldAtWitness) }
    if truth.cutInHold { account.insert(.cutInHold) }
    if truth.wasBroken { account.insert(.wasBroken) }
    if truth.missedCut { account.insert(.missedCut) }
    if truth.snapshotsExist { account.insert(.exists) }
    return account
  }
}
