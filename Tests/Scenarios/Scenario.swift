import CutModel
import CutProtocol
import Foundation
import Model

/// A text that tells one cut event by event, with what the parts of Stillpoint must do.
///
///     # Heading: what happens, and why it ends well.
///     members orders payments
///     at 1.2s  orders  freeze arrives
///     then     orders  is held
///     expect   orders: report frozen, cut the snapshots
///     expect   verdict: application-consistent
struct Scenario {
  /// What is wrong in which line of which file.
  struct Fault: Error, Hashable, CustomStringConvertible {
    var file: String
    var line: Int
    var text: String

    var description: String { "\(file):\(line): \(text)" }
  }

  struct Line {
    enum Kind {
      /// Nil is the moment of the line before.
      case event(at: Duration?, actor: String, text: String)
      case expectation(of: String, words: [String])
    }

    var number: Int
    var kind: Kind
  }

  let file: String
  private(set) var members: [String] = []
  private(set) var policy = CutPolicy.strict
  private(set) var drains = false
  private(set) var shares = false
  private(set) var cap = FreezeLimits.defaultCap
  /// What nodes have accepted before.
  private(set) var accepted: [String: Fence] = [:]
  private(set) var lines: [Line] = []

  init(file: String, text: String) throws {
    self.file = file
    var comments = 0
    for (index, raw) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let words = raw.split(separator: " ").map(String.init)
      guard let first = words.first else { continue }
      if first.hasPrefix("#") {
        if members.isEmpty { comments += 1 }
        continue
      }
      try read(first, Array(words.dropFirst()), line: index + 1)
    }
    guard comments >= 2 else {
      throw Fault(file: file, line: 1, text: "the heading has to say what happens, and why")
    }
    guard !members.isEmpty, !lines.isEmpty else {
      throw Fault(file: file, line: 1, text: "needs 'members' and at least one event")
    }
  }

  private mutating func read(_ keyword: String, _ words: [String], line: Int) throws {
    func fail(_ text: String) -> Fault { Fault(file: file, line: line, text: text) }
    switch keyword {
    case "members":
      guard members.isEmpty, !words.isEmpty, Set(words).count == words.count else {
        throw fail("'members' comes once, with the name of each member")
      }
      members = words
    case "policy":
      guard let policy = words.first.flatMap(CutPolicy.init(rawValue:)) else {
        throw fail("the policy is one of strict, best-effort")
      }
      self.policy = policy
    case "drain": drains = true
    case "share": shares = true
    case "cap":
      guard let cap = words.first.flatMap(Self.duration) else { throw fail("expected: cap 5s") }
      self.cap = cap
    case "accepted":
      guard words.count == 2, members.contains(words[0]), let fence = Self.fence(words[1]) else {
        throw fail("expected: accepted orders 5.1.1, after the members")
      }
      accepted[words[0]] = fence
    case "at":
      guard words.count > 2, let time = Self.duration(words[0]) else {
        throw fail("expected: at 1.2s orders freeze arrives")
      }
      try addEvent(at: time, Array(words.dropFirst()), line)
    case "then": try addEvent(at: nil, words, line)
    case "expect":
      let halves = words.joined(separator: " ").split(separator: ":", maxSplits: 1).map {
        $0.trimmingCharacters(in: .whitespaces)
      }
      guard halves.count == 2 else { throw fail("expected: expect orders: report frozen") }
      let expected = halves[1] == "nothing" ? [] : halves[1].components(separatedBy: ", ")
      guard !lines.isEmpty else { throw fail("nothing has happened yet") }
      lines.append(Line(number: line, kind: .expectation(of: halves[0], words: expected)))
    default:
      throw fail(
        "'\(keyword)' is none of members, policy, drain, share, cap, accepted, at, then, expect")
    }
  }

  private mutating func addEvent(at time: Duration?, _ words: [String], _ line: Int) throws {
    guard let actor = words.first, words.count > 1 else {
      throw Fault(file: file, line: line, text: "says neither who nor what")
    }
    let text = words.dropFirst().joined(separator: " ")
    lines.append(Line(number: line, kind: .event(at: time, actor: actor, text: text)))
  }

  /// `1.25s`, `40ms`.
  static func duration(_ text: String) -> Duration? {
    if text.hasSuffix("ms") { return Double(text.dropLast(2)).map { .milliseconds($0) } }
    guard text.hasSuffix("s") else { return nil }
    return Double(text.dropLast()).map { .milliseconds(($0 * 1000).rounded()) }
  }

  private static func fence(_ text: String) -> Fence? {
    let parts = text.split(separator: ".").compactMap { UInt64($0) }
    guard parts.count == 3, let attempt = UInt32(exactly: parts[2]) else { return nil }
    return Fence(epoch: parts[0], cut: parts[1], attempt: attempt)
  }
}
