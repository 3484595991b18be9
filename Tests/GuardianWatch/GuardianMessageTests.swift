import SeededRandom
import Testing

@testable import GuardianWatch

@Suite struct `Messages between agent and guardian` {
  static let messages: [GuardianMessage.Content] = [
    .hello,
    .arm(
      HoldKey("boot/1/2"),
      actions: [
        .thaw, .unpause, .kill, .write(Array("CLIENT UNPAUSE\n".utf8)),
        .run(
          arguments: ["/bin/echo", "ü", ""], environment: ["A=b"], timeout: .milliseconds(1500)),
      ], lease: .milliseconds(3250), cap: .seconds(10)),
    .renew(HoldKey("boot/1/2"), lease: .nanoseconds(1)),
    .disarm(HoldKey("")),
    .ready(
      GuardianCondition(
        pid: 42, residentBytes: 5 << 20, memoryIsLocked: true, isSparedByOutOfMemory: false,
        armedHolds: 3)),
    .armed, .refused("hold a was armed before"), .renewal(.rescued), .disarmed(.unknown),
  ]

  @Test(arguments: messages)
  func `what is encoded is read back the same`(content: GuardianMessage.Content) throws {
    let message = GuardianMessage(number: .max, content: content)
    #expect(try GuardianMessage(message.encoded()) == message)
  }

  @Test(arguments: messages)
  func `a message that is cut short or too long is refused`(content: GuardianMessage.Content) throws
  {
    let bytes = try GuardianMessage(number: 7, content: content).encoded()
    for length in 0..<bytes.count {
      #expect(throws: MalformedMessage.self) { try GuardianMessage(bytes.prefix(length)) }
    }
    #expect(throws: MalformedMessage.self) { try GuardianMessage(bytes + [0]) }
  }

  @Test(arguments: [Duration.seconds(9_000_000_001), .seconds(1 << 60), .seconds(-3), .zero])
  func `a time that is written can be read, and what was read is written the same`(
    lease: Duration
  ) throws {
    let message = GuardianMessage(number: 1, content: .renew(HoldKey("a"), lease: lease))
    let read = try GuardianMessage(message.encoded())
    let longest = GuardianLimits.longestDuration
    #expect(read.content == .renew(HoldKey("a"), lease: min(max(lease, .zero), longest)))
    #expect(try GuardianMessage(read.encoded()) == read)
  }

  @Test func `no bytes at all can harm the reader`() throws {
    var random = SplitMix64(seed: 20)
    for _ in 0..<20_000 {
      guard
        var bytes = try Self.messages.randomElement(using: &random).map({
          try GuardianMessage(number: 1, content: $0).encoded()
        })
      else { return }
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        bytes[place] = UInt8.random(in: 0...255, using: &random)
      }
      if let message = try? GuardianMessage(bytes) { _ = try? message.encoded() }
    }
  }

  @Test func `another version is refused in words`() throws {
    var bytes = try GuardianMessage(number: 1, content: .hello).encoded()
    bytes[2] = 9
    #expect(throws: MalformedMessage(description: "protocol version 9, this side speaks 1")) {
      try GuardianMessage(bytes)
    }
  }

  @Test func `what breaks a bound is not even encoded`() {
    let tooLong = String(repeating: "x", count: 97)
    #expect(throws: MalformedMessage.self) {
      try GuardianMessage(number: 1, content: .disarm(HoldKey(tooLong))).encoded()
    }
    let huge = RescueKind.run(
      arguments: [String(repeating: "x", count: 100_000), String(repeating: "y", count: 50_000)],
      environment: [], timeout: .seconds(1))
    #expect(throws: MalformedMessage.self) {
      try GuardianMessage(
        number: 1,
        content: .arm(HoldKey("a"), actions: [huge], lease: .seconds(1), cap: .seconds(1))
      ).encoded()
    }
  }
}
