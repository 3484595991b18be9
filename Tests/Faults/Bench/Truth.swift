internal import CutProtocol
internal import DemoFleet
internal import Glibc
internal import Model
internal import OperatorWire

/// Whether a backup is what its grade says, by what the probers know and the agents do not.
enum Truth {
  /// The backup's stores are the state of all of them at one instant, with all that was acknowledged before its hold.
  case right(writes: Int)
  case wrong(String)

  /// Opens the backup's snapshots, and compares.
  static func of(_ backup: BackupBody, on bench: Bench) async throws -> Truth {
    let statements = try await bench.stillpoint.statements(of: backup.id)
    let counts = try await bench.auditor.read(backup, on: bench)
    var existences: [Member: Prober.Existence] = [:]
    let beats = counts.compactMap { member, counts in
      counts["beat"].map { (member.rawValue, $0) }
    }
    for prober in bench.probers {
      for (name, found) in try prober.existences(of: Dictionary(uniqueKeysWithValues: beats)) {
        if let member = Member(rawValue: name) { existences[member] = found }
      }
    }
    guard existences.count == Member.stores.count else {
      return .wrong("only \(existences.count) stores could be compared")
    }
    if let broken = brokenChain(counts) { return .wrong(broken) }
    if let missing = lost(existences, statements) { return .wrong(missing) }
    if let torn = torn(existences) { return .wrong(torn) }
    return .right(writes: beats.map(\.1).reduce(0, +))
  }

  /// A count is written to one store only after the store before has it; at no instant was it otherwise.
  private static func brokenChain(_ counts: [Member: [String: Int]]) -> String? {
    let chain = Member.stores.map { counts[$0]?["chain"] ?? -1 }
    let inOrder = zip(chain, chain.dropFirst()).allSatisfy { $0 >= $1 }
    guard inOrder, let first = chain.first, let last = chain.last, last >= first - 1, last > 0
    else {
      return "an effect is there without its cause: \(chain)"
    }
    return nil
  }

  /// Every store held its count at some instant that is the same for all.
  private static func torn(_ existences: [Member: Prober.Existence]) -> String? {
    let latest = existences.max { ($0.value.asked ?? .max) < ($1.value.asked ?? .max) }
    let earliest = existences.min { ($0.value.next ?? .max) < ($1.value.next ?? .max) }
    guard let latest, let earliest, let asked = latest.value.asked else {
      return "a store holds a count that nobody has asked for"
    }
    guard let next = earliest.value.next, next < asked else { return nil }
    return "no common instant: \(latest.key.rawValue) has a write that was asked for "
      + "\(Duration.nanoseconds(asked - next).shortText) after \(earliest.key.rawValue) had "
      + "acknowledged one that is missing"
  }

  /// What was acknowledged before a store's hold was complete is in its snapshot.
  private static func lost(
    _ existences: [Member: Prober.Existence], _ statements: [HoldStatement]
  ) -> String? {
    // Both clocks run at the same rate; the wall clock's times are whole milliseconds, rounded down.
    let offset = Timestamp.now().nanoseconds - MonotonicTime.now.nanoseconds
    for statement in statements {
      guard let member = Member(rawValue: statement.member.text),
        let next = existences[member]?.next
      else { continue }
      let held = statement.heldAt.nanoseconds - offset
      // Two readings of two clocks, one after the other.
      let uncertainty: Int64 = 2_000_000
      if next < held - uncertainty {
        return "a write to \(member.rawValue) is missing that was acknowledged "
          + "\(Duration.nanoseconds(held - next).shortText) before its hold"
      }
    }
    return nil
  }
}
