/// What agent and guardian say to each other: one message of `SOCK_SEQPACKET` each, little-endian.
///
/// Header of 12 bytes: `S`, `P`, version, kind, then the number of the request, which its answer repeats.
package struct GuardianMessage: Equatable, Sendable {
  package static let version: UInt8 = 1

  package var number: UInt64
  package var content: Content

  package enum Content: Equatable, Sendable {
    // From the agent.
    case hello
    case arm(HoldKey, actions: [RescueKind], lease: Duration, cap: Duration)
    case renew(HoldKey, lease: Duration)
    case disarm(HoldKey)
    // From the guardian.
    case ready(GuardianCondition)
    case armed
    case refused(String)
    case renewal(GuardianWatch.RenewAnswer)
    case disarmed(GuardianWatch.DisarmAnswer)
  }

  package init(number: UInt64, content: Content) {
    self.number = number
    self.content = content
  }
}

/// How well the guardian could protect itself.
package struct GuardianCondition: Equatable, Sendable {
  package var pid: Int32
  /// Resident memory in bytes.
  package var residentBytes: UInt64
  package var memoryIsLocked: Bool
  package var isSparedByOutOfMemory: Bool
  package var armedHolds: UInt32

  package init(
    pid: Int32, residentBytes: UInt64, memoryIsLocked: Bool, isSparedByOutOfMemory: Bool,
    armedHolds: UInt32
  ) {
    self.pid = pid
    self.residentBytes = residentBytes
    self.memoryIsLocked = memoryIsLocked
    self.isSparedByOutOfMemory = isSparedByOutOfMemory
    self.armedHolds = armedHolds
  }
}

/// Why bytes are no message.
package struct MalformedMessage: Error, Equatable, CustomStringConvertible {
  package var description: String
}
