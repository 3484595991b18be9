/// Takes fixed-width little-endian values from bytes that may be anything.
struct ByteReader {
  private let bytes: [UInt8]
  private var next = 0

  init(_ bytes: some Collection<UInt8>) { self.bytes = Array(bytes) }

  var isAtEnd: Bool { next == bytes.count }

  mutating func byte() throws(MalformedMessage) -> UInt8 {
    guard next < bytes.count else { throw MalformedMessage(description: "the message ends early") }
    defer { next += 1 }
    return bytes[next]
  }

  mutating func integer<T: FixedWidthInteger & UnsignedInteger>() throws(MalformedMessage) -> T {
    var value: T = 0
    for shift in stride(from: 0, to: T.bitWidth, by: 8) { value |= T(try byte()) << T(shift) }
    return value
  }

  mutating func flag() throws(MalformedMessage) -> Bool { try choice([false, true]) }

  mutating func choice<T>(_ choices: [T]) throws(MalformedMessage) -> T {
    let index = Int(try byte())
    guard index < choices.count else {
      throw MalformedMessage(description: "value \(index) of \(choices.count)")
    }
    return choices[index]
  }

  mutating func duration() throws(MalformedMessage) -> Duration {
    let nanoseconds: UInt64 = try integer()
    guard let whole = Int64(exactly: nanoseconds),
      Duration.nanoseconds(whole) <= GuardianLimits.longestDuration
    else { throw MalformedMessage(description: "a time of \(nanoseconds) ns") }
    return .nanoseconds(whole)
  }

  mutating func blob(limit: Int) throws(MalformedMessage) -> [UInt8] {
    let count = Int(try integer() as UInt32)
    guard count <= limit, count <= bytes.count - next else {
      throw MalformedMessage(description: "a field of \(count) bytes")
    }
    defer { next += count }
    return Array(bytes[next..<(next + count)])
  }

  /// UTF-8 without NUL, which no C string could hold.
  mutating func text(limit: Int) throws(MalformedMessage) -> String {
    let content = try blob(limit: limit)
    guard !content.contains(0), let text = String(validating: content, as: UTF8.self) else {
      throw MalformedMessage(description: "a text that is no UTF-8")
    }
    return text
  }

  mutating func action() throws(MalformedMessage) -> RescueKind {
    switch try byte() {
    case 1: return .thaw
    case 2: return .kill
    case 3: return .write(try blob(limit: 4096))
    case 4:
      let timeout = try duration()
      let arguments = try strings()
      guard !arguments.isEmpty else { throw MalformedMessage(description: "no program to run") }
      return .run(arguments: arguments, environment: try strings(), timeout: timeout)
    case 5: return .unpause
    case let kind: throw MalformedMessage(description: "rescue action of unknown kind \(kind)")
    }
  }

  private mutating func strings() throws(MalformedMessage) -> [String] {
    let count = Int(try integer() as UInt16)
    guard count <= GuardianLimits.strings else {
      throw MalformedMessage(description: "\(count) strings")
    }
    var result: [String] = []
    for _ in 0..<count { result.append(try text(limit: GuardianLimits.messageBytes)) }
    return result
  }
}
