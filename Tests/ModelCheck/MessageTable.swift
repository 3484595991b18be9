import CutModel
import CutProtocol
import Model

/// Gives every message that was ever sent a bit. A set of bits is all that a world remembers of its network: what was sent
/// once may arrive at any time, any number of times, or never.
///
/// Messages are kept as if they were the first member's.
final class MessageTable {
  enum Message: Hashable {
    case order(CutOrder, from: Int)
    case report(CutReport, to: Int)
  }

  private let relabellings: [Relabelling]
  private var bits: [Message: Int] = [:]
  private(set) var messages: [Message] = []
  /// The same for each member.
  private var relabelled: [[Message]] = []

  init(_ fleet: ModelFleet) {
    relabellings = fleet.members.indices.map { Relabelling(fleet, exchanging: 0, with: $0) }
  }

  /// The bit of an order that was sent to a member.
  func bit(of order: CutOrder, from sender: Int, to member: Int) throws -> UInt64 {
    try bit(of: .order(relabellings[member].order(order), from: sender))
  }

  /// The bit of a report of the first member.
  func bit(of report: CutReport, to hearer: Int) throws -> UInt64 {
    try bit(of: .report(relabellings[0].report(report), to: hearer))
  }

  /// The message as the member itself sends or receives it.
  func message(_ bit: Int, of member: Int) -> Message { relabelled[bit][member] }

  private func bit(of message: Message) throws -> UInt64 {
    if let known = bits[message] { return 1 << UInt64(known) }
    let bit = messages.count
    precondition(bit < 64, "more than 64 messages: \(messages)")
    bits[message] = bit
    messages.append(message)
    relabelled.append(
      try relabellings.map { relabelling in
        switch message {
        case .order(let order, let sender): .order(relabelling.order(order), from: sender)
        case .report(let report, let hearer):
          .report(try relabelling.report(report), to: hearer)
        }
      })
    return 1 << UInt64(bit)
  }
}
