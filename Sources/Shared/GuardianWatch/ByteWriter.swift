/// Appends fixed-width little-endian values.
struct ByteWriter {
  var bytes: [UInt8] = []

  mutating func integer<T: FixedWidthInteger & UnsignedInteger>(_ value: T) {
    for shift in stride(from: 0, to: T.bitWidth, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> T(shift)))
    }
  }

  /// The value's place in a list that holds every value, as one byte.
  mutating func choice<T: Equatable>(_ value: T, of choices: [T]) {
    bytes.append(UInt8(choices.firstIndex(of: value) ?? 255))
  }

  /// Whole nanoseconds; what is negative or longer than 292 years is clamped.
  mutating func duration(_ value: Duration) {
    let (seconds, attoseconds) = min(max(value, .zero), GuardianLimits.longestDuration).components
    integer(UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000))
  }

  mutating func blob(_ value: some Collection<UInt8>) {
    integer(UInt32(value.count))
    bytes.append(contentsOf: value)
  }

  mutating func text(_ value: String, limit: Int) throws(MalformedMessage) {
    guard value.utf8.count <= limit else {
      throw MalformedMessage(description: "a text of \(value.utf8.count) bytes, \(limit) allowed")
    }
    blob(value.utf8)
  }

  mutating func action(_ action: RescueKind) throws(MalformedMessage) {
    switch action {
    case .thaw: bytes.append(1)
    case .kill: bytes.append(2)
    case .write(let content):
      bytes.append(3)
      guard content.count <= 4096 else {
        throw MalformedMessage(description: "\(content.count) bytes to write, 4096 allowed")
      }
      blob(content)
    case .run(let arguments, let environment, let timeout):
      bytes.append(4)
      duration(timeout)
      try strings(arguments)
      try strings(environment)
    case .unpause: bytes.append(5)
    }
  }

  private mutating func strings(_ values: [String]) throws(MalformedMessage) {
    guard values.count <= GuardianLimits.strings else {
      throw MalformedMessage(description: "more than \(GuardianLimits.strings) strings")
    }
    integer(UInt16(values.count))
    for value in values { try text(value, limit: GuardianLimits.messageBytes) }
  }
}
