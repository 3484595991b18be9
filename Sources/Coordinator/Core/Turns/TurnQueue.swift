internal import CutProtocol
internal import Model

/// The order of cuts that have something in common: first come, first served.
///
/// A value without I/O. A cut waits for those before it that use something of its own, whether they run or wait themselves, and
/// for no others. All that a cut uses is asked for at once, so that no two can wait for each other, and whoever came
/// later never goes before one that it would delay.
struct TurnQueue {
  /// A place in the queue, given once.
  typealias Number = UInt64

  /// Who uses something of the members.
  enum Holder: Hashable, Sendable, CustomStringConvertible {
    case backup(BackupID)
    /// A rehearsal, which prepares members and holds none.
    case check(PlanName)

    var description: String {
      switch self {
      case .backup(let id): "backup \(id)"
      case .check(let plan): "the check of plan \(plan)"
      }
    }
  }

  /// What a cut waits for.
  enum Ahead: Hashable, Sendable, CustomStringConvertible {
    /// The coordinator has just started, and does not know yet which cuts were left unfinished.
    case unknown
    /// The nearest one that came before, and which of the waiting cut's members both use.
    case holder(Holder, shared: ServiceName)

    var description: String {
      switch self {
      case .unknown: "what was unfinished when the coordinator started"
      case .holder(let holder, let shared): "\(holder), which uses \(shared) too"
      }
    }
  }

  private struct Place {
    var number: Number
    var holder: Holder
    var claims: CutClaims
  }

  /// Far above what a coordinator runs at once.
  static let most = 256

  private var places: [Place] = []
  private var last: Number = 0
  /// Whether the cuts that an earlier coordinator left are in the queue; nobody's turn comes before.
  private var isComplete = false

  /// Nil when there are too many.
  mutating func join(_ holder: Holder, _ claims: CutClaims) -> Number? {
    guard places.count < Self.most else { return nil }
    last += 1
    places.append(Place(number: last, holder: holder, claims: claims))
    return last
  }

  /// Puts what an earlier coordinator left before all others, in the given order; whoever is there already stays where it
  /// is. Not bounded: these exist. Answers each backup's place.
  mutating func adopt(_ cuts: [(backup: BackupID, claims: CutClaims)]) -> [BackupID: Number] {
    var adopted: [Place] = []
    var numbers: [BackupID: Number] = [:]
    for cut in cuts where !places.contains(where: { $0.holder == .backup(cut.backup) }) {
      last += 1
      adopted.append(Place(number: last, holder: .backup(cut.backup), claims: cut.claims))
      numbers[cut.backup] = last
    }
    places.insert(contentsOf: adopted, at: 0)
    isComplete = true
    return numbers
  }

  mutating func leave(_ number: Number) { places.removeAll { $0.number == number } }

  /// What the cut waits for; nil once it is its turn, which it stays.
  func ahead(of number: Number) -> Ahead? {
    guard isComplete else { return .unknown }
    guard let index = places.firstIndex(where: { $0.number == number }) else { return nil }
    for place in places[..<index].reversed() {
      guard let shared = places[index].claims.firstShared(with: place.claims) else { continue }
      return .holder(place.holder, shared: shared)
    }
    return nil
  }
}
