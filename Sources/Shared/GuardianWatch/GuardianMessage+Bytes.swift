extension GuardianMessage {
  private enum Kind {
    static let hello: UInt8 = 1
    static let arm: UInt8 = 2
    static let renew: UInt8 = 3
    static let disarm: UInt8 = 4
    static let ready: UInt8 = 65
    static let armed: UInt8 = 66
    static let refused: UInt8 = 67
    static let renewal: UInt8 = 68
    static let disarmed: UInt8 = 69
  }

  /// The message's bytes; throws when it would break a bound.
  package func encoded() throws(MalformedMessage) -> [UInt8] {
    var writer = ByteWriter()
    writer.bytes = [UInt8(ascii: "S"), UInt8(ascii: "P"), Self.version, 0]
    writer.integer(number)
    switch content {
    case .hello: writer.bytes[3] = Kind.hello
    case .arm(let key, let actions, let lease, let cap):
      writer.bytes[3] = Kind.arm
      try writer.text(key.text, limit: GuardianLimits.keyBytes)
      writer.duration(lease)
      writer.duration(cap)
      guard actions.count <= GuardianLimits.actions else {
        throw MalformedMessage(description: "more than \(GuardianLimits.actions) rescue actions")
      }
      writer.integer(UInt16(actions.count))
      for action in actions { try writer.action(action) }
    case .renew(let key, let lease):
      writer.bytes[3] = Kind.renew
      try writer.text(key.text, limit: GuardianLimits.keyBytes)
      writer.duration(lease)
    case .disarm(let key):
      writer.bytes[3] = Kind.disarm
      try writer.text(key.text, limit: GuardianLimits.keyBytes)
    case .ready(let condition):
      writer.bytes[3] = Kind.ready
      writer.integer(UInt32(bitPattern: condition.pid))
      writer.integer(condition.residentBytes)
      writer.bytes.append(condition.memoryIsLocked ? 1 : 0)
      writer.bytes.append(condition.isSparedByOutOfMemory ? 1 : 0)
      writer.integer(condition.armedHolds)
    case .armed: writer.bytes[3] = Kind.armed
    case .refused(let reason):
      writer.bytes[3] = Kind.refused
      try writer.text(reason, limit: 512)
    case .renewal(let answer):
      writer.bytes[3] = Kind.renewal
      writer.choice(answer, of: [.renewed, .notArmed, .rescued])
    case .disarmed(let answer):
      writer.bytes[3] = Kind.disarmed
      writer.choice(answer, of: [.idle, .rescuing, .rescued, .unknown])
    }
    guard writer.bytes.count <= GuardianLimits.messageBytes else {
      throw MalformedMessage(
        description:
          "a message of \(writer.bytes.count) bytes, \(GuardianLimits.messageBytes) allowed")
    }
    return writer.bytes
  }

  /// Reads exactly one message; anything else in the bytes, or missing from them, is refused.
  package init(_ bytes: some Collection<UInt8>) throws(MalformedMessage) {
    guard bytes.count <= GuardianLimits.messageBytes else {
      throw MalformedMessage(description: "a message of \(bytes.count) bytes")
    }
    var reader = ByteReader(bytes)
    guard try reader.byte() == UInt8(ascii: "S"), try reader.byte() == UInt8(ascii: "P") else {
      throw MalformedMessage(description: "no message of Stillpoint")
    }
    let version = try reader.byte()
    guard version == Self.version else {
      throw MalformedMessage(
        description: "protocol version \(version), this side speaks \(Self.version)")
    }
    let kind = try reader.byte()
    number = try reader.integer()
    content = try Self.content(kind, &reader)
    guard reader.isAtEnd else { throw MalformedMessage(description: "bytes after the message") }
  }

  private static func content(
    _ kind: UInt8, _ reader: inout ByteReader
  ) throws(MalformedMessage) -> Content {
    switch kind {
    case Kind.hello: return .hello
    case Kind.arm:
      let key = HoldKey(try reader.text(limit: GuardianLimits.keyBytes))
      let lease = try reader.duration()
      let cap = try reader.duration()
      let count = Int(try reader.integer() as UInt16)
      guard count <= GuardianLimits.actions else {
        throw MalformedMessage(description: "\(count) rescue actions")
      }
      var actions: [RescueKind] = []
      for _ in 0..<count { actions.append(try reader.action()) }
      return .arm(key, actions: actions, lease: lease, cap: cap)
    case Kind.renew:
      let key = HoldKey(try reader.text(limit: GuardianLimits.keyBytes))
      return .renew(key, lease: try reader.duration())
    case Kind.disarm:
      return .disarm(HoldKey(try reader.text(limit: GuardianLimits.keyBytes)))
    case Kind.ready:
      return .ready(
        GuardianCondition(
          pid: Int32(bitPattern: try reader.integer()), residentBytes: try reader.integer(),
          memoryIsLocked: try reader.flag(), isSparedByOutOfMemory: try reader.flag(),
          armedHolds: try reader.integer()))
    case Kind.armed: return .armed
    case Kind.refused: return .refused(try reader.text(limit: 512))
    case Kind.renewal: return .renewal(try reader.choice([.renewed, .notArmed, .rescued]))
    case Kind.disarmed: return .disarmed(try reader.choice([.idle, .rescuing, .rescued, .unknown]))
    default: throw MalformedMessage(description: "message of unknown kind \(kind)")
    }
  }
}
