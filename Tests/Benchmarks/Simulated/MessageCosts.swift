internal import CutProtocol
internal import FleetWire
internal import Foundation
internal import Model
internal import SwiftProtobuf

/// What the coordinator's and an agent's own work for one message takes on this machine, measured with the production
/// encoding; a simulated fleet spends it as virtual time.
struct MessageCosts: Sendable {
  /// Sending a small order, or taking in a small report: the link's share.
  let small: Duration
  /// Sending one WITNESS of a fleet of this size.
  let witness: Duration
  /// Reading it at the agent.
  let witnessRead: Duration

  /// - Parameter each: of one order and its report over the real link, when many are sent at once.
  init(members: Int, each: Duration) throws {
    // Both ways, and both ends: a quarter each.
    small = each / 4
    let names = try (0..<members).map { try ServiceName("member-\($0)") }
    let boot = "6f1c2c3a-9f34-4c1b-8f61-0c8a5d1f7b10"
    let vector = WitnessVector(
      Dictionary(
        uniqueKeysWithValues: names.enumerated().map {
          ($1, HoldID(boot: boot, incarnation: 7, counter: UInt64($0)))
        }))
    let fence = Fence(epoch: 1, cut: 1, attempt: 1)
    let repetitions = max(5, min(50, names.count))
    let begin = ContinuousClock.now
    var bytes: Data = Data()
    // As the coordinator's gateway does it: the vector is encoded once for all.
    let vectors = VectorEncoding()
    for name in names.prefix(repetitions) {
      let message = CoordinatorMessage.order(.witness(fence: fence, member: name, vector: vector))
      bytes = try message.wire(vectors).serializedData()
    }
    let sent = ContinuousClock.now
    for _ in 0..<repetitions {
      _ = try CoordinatorMessage(
        try Stillpoint_Fleet_V1_CoordinatorMessage(serializedBytes: bytes))
    }
    let done = min(repetitions, names.count)
    witness = small + (sent - begin) / done
    witnessRead = small + (ContinuousClock.now - sent) / repetitions
  }
}
