import SeededRandom

/// Decides where faults strike. Each decision has a number of its own within its kind, and depends on nothing but the
/// seed, the kind and that number: taking one fault away leaves the others where they were.
final class FaultOracle: @unchecked Sendable {
  /// One fault that happened: the `number`th decision of its kind.
  struct Strike: Hashable, CustomStringConvertible {
    var fault: Fault
    var number: Int

    var description: String { "\(fault.rawValue)#\(number)" }

    init(_ fault: Fault, _ number: Int) {
      self.fault = fault
      self.number = number
    }

    init?(_ text: Substring) {
      let parts = text.split(separator: "#")
      guard parts.count == 2, let fault = Fault(rawValue: String(parts[0])),
        let number = Int(parts[1])
      else { return nil }
      self.init(fault, number)
    }
  }

  private let seed: UInt64
  private let rates: [Fault: Int]
  /// When given, exactly these strike, whatever was drawn.
  private let only: Set<Strike>?
  private var decisions: [Fault: Int] = [:]
  private(set) var struck: [Strike] = []
  /// From now on nothing goes wrong any more.
  var isHealed = false

  init(seed: UInt64, only: Set<Strike>?) {
    self.seed = seed
    self.only = only
    var rates: [Fault: Int] = [:]
    for (place, fault) in Fault.allCases.enumerated() {
      var random = Self.random(seed, UInt64(place), 1 << 40)
      let (runs, most) = fault.likelihood
      // In some runs nothing stands between an order and what it asks for.
      if seed % 8 == 0, FleetShape.delaying.contains(fault) { continue }
      guard random.chance(runs) else { continue }
      rates[fault] = fault.chances > 0 ? 400 + random.below(601) : 1 + random.below(most)
    }
    self.rates = rates
  }

  /// Whether a run may meet the fault at all.
  func mayStrike(_ fault: Fault) -> Bool {
    only.map { $0.contains { $0.fault == fault } } ?? (rates[fault] != nil)
  }

  /// Takes one decision; the fault's measures when it strikes, as a source of numbers of its own.
  func strike(_ fault: Fault) -> SplitMix64? {
    guard !isHealed else { return nil }
    let number = decisions[fault, default: 0]
    decisions[fault] = number + 1
    let strike = Strike(fault, number)
    var random = Self.random(seed, fault.place, UInt64(number))
    let isDrawn = random.chance(rates[fault] ?? 0)
    guard only?.contains(strike) ?? isDrawn else { return nil }
    struck.append(strike)
    return random
  }

  func strikes(_ fault: Fault) -> Bool { strike(fault) != nil }

  private static func random(_ seed: UInt64, _ place: UInt64, _ number: UInt64) -> SplitMix64 {
    var mixed = SplitMix64(seed: seed &* 0x2545_f491_4f6c_dd1d &+ place)
    var second = SplitMix64(seed: mixed.next() ^ (number &* 0x9e37_79b9_7f4a_7c15))
    return second.fork()
  }
}

extension Fault {
  private static let places = Dictionary(
    uniqueKeysWithValues: allCases.enumerated().map { ($0.element, UInt64($0.offset)) })

  fileprivate var place: UInt64 { Self.places[self] ?? 0 }
}
