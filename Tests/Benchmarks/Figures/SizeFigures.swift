internal import Model

/// The figures of one fleet size: every percentile is the median of the runs' percentiles.
struct SizeFigures: Sendable {
  struct OrderFigures: Sendable {
    var title: String
    /// Milliseconds of each member of each cut.
    var window: Percentiles
    /// Milliseconds of each cut.
    var affected: Percentiles
    /// Of how many cuts every member was held at one instant.
    var joint: Int
    var cuts: Int
  }

  var members: Int
  var mix: String
  var runs: Int
  var orders: [OrderFigures]
  /// The limit with each member's own quiesce and thaw around it, in milliseconds: comparable with the windows.
  var limit: Percentiles
  /// Quiesced until the thaw begins, of Stillpoint: what the limit's formula bounds.
  var held: Percentiles
  /// The formula's value, in milliseconds.
  var bound: Percentiles
  /// Each hold of Stillpoint, divided by the limit of its member in its cut.
  var distance: Percentiles
  /// By phase; empty for simulated fleets.
  var phases: [(name: String, time: Percentiles)]

  func order(_ order: Order) -> OrderFigures? { orders.first { $0.title == order.title } }

  /// How much shorter the application is affected than service by service, at the median.
  var advantage: Double? {
    guard let own = order(.stillpoint), let other = order(.oneByOne) else { return nil }
    return other.affected.p50 / own.affected.p50
  }
}

/// What was taken of one fleet size, run by run.
struct SizeSamples: Sendable {
  struct Run: Sendable {
    var cuts: [Order: [CutTimesTaken]] = [:]
    var phases: [HoldPhases] = []
  }

  var members: Int
  var mix: String
  var runs: [Run] = []

  /// Nil while an order has no cut.
  func figures(roundTrip: Duration) -> SizeFigures? {
    let complete = runs.filter { run in Order.allCases.allSatisfy { run.cuts[$0]?.isEmpty == false }
    }
    let own = complete.map { $0.cuts[.stillpoint] ?? [] }
    let orders = Order.allCases.compactMap { order in
      figures(of: order, complete.map { $0.cuts[order] ?? [] })
    }
    func overMembers(_ value: @escaping (HeldTimes, CutTimesTaken) -> Double) -> Percentiles? {
      Percentiles.median(
        of: own.compactMap { cuts in
          Percentiles(cuts.flatMap { cut in cut.members.map { value($0, cut) } })
        })
    }
    guard orders.count == Order.allCases.count,
      let held = overMembers({ member, _ in member.hold.inMilliseconds }),
      let bound = overMembers({ $1.limit(of: $0, roundTrip: roundTrip).inMilliseconds }),
      let limit = overMembers({
        ($0.quiesce + $1.limit(of: $0, roundTrip: roundTrip) + $0.thaw).inMilliseconds
      }),
      let distance = overMembers({ $0.hold / $1.limit(of: $0, roundTrip: roundTrip) })
    else { return nil }
    let phases = HoldPhases.all.compactMap { name, value in
      Percentiles.median(
        of: complete.compactMap { run in Percentiles(run.phases.map { value($0).inMilliseconds }) }
      ).map { (name: name, time: $0) }
    }
    return SizeFigures(
      members: members, mix: mix, runs: complete.count, orders: orders, limit: limit, held: held,
      bound: bound, distance: distance, phases: phases)
  }

  private func figures(of order: Order, _ runs: [[CutTimesTaken]]) -> SizeFigures.OrderFigures? {
    let windows = runs.compactMap { cuts in
      Percentiles(cuts.flatMap(\.members).map(\.window.inMilliseconds))
    }
    let affected = runs.compactMap { cuts in Percentiles(cuts.map(\.affected.inMilliseconds)) }
    guard let window = Percentiles.median(of: windows),
      let affected = Percentiles.median(of: affected)
    else { return nil }
    let cuts = runs.flatMap(\.self)
    return SizeFigures.OrderFigures(
      title: order.title, window: window, affected: affected,
      joint: cuts.count(where: \.isJoint), cuts: cuts.count)
  }
}
