internal import CutProtocol
internal import Model

/// When one member was held in one cut, whichever order took it. All moments of one cut are on one clock.
struct HeldTimes: Hashable, Sendable {
  var member: String
  /// The first quiesce began: from here on the application may feel it.
  var began: Duration
  /// Every hold was in force.
  var held: Duration
  /// From the snapshot's request to the driver's answer.
  var snapshot: Duration
  /// The first release began.
  var thawBegan: Duration
  /// The last release had answered.
  var thawEnded: Duration

  var quiesce: Duration { held - began }
  /// What the limit bounds: quiesced until the thaw begins.
  var hold: Duration { thawBegan - held }
  var thaw: Duration { thawEnded - thawBegan }
  /// What the application feels, and what `backup show` shows.
  var window: Duration { thawEnded - began }
}

extension HeldTimes {
  /// As the member's agent signed it. The statement's own clock is brought to the common one by the wall clock that
  /// all nodes of this machine share; it tells whole milliseconds.
  init(_ statement: HoldStatement) {
    let steps = statement.steps
    let origin = Duration.nanoseconds(statement.heldAt.nanoseconds) - steps.held.duration
    let requested = statement.snapshots.map(\.requested.duration).min() ?? steps.held.duration
    let answered = statement.snapshots.map(\.acknowledged.duration).max() ?? steps.held.duration
    self.init(
      member: statement.member.text, began: origin + steps.quiesceBegan.duration,
      held: origin + steps.held.duration, snapshot: answered - requested,
      thawBegan: origin + steps.thawBegan.duration, thawEnded: origin + steps.thawEnded.duration)
  }
}

/// The ways to order the same holds and the same snapshots.
enum Order: String, CaseIterable, Sendable {
  case stillpoint, oneByOne, barrier

  /// As tables name it.
  var title: String {
    switch self {
    case .stillpoint: "Stillpoint"
    case .oneByOne: "service by service"
    case .barrier: "barrier, common thaw"
    }
  }
}

/// One cut through all members.
struct CutTimesTaken: Sendable {
  var members: [HeldTimes]
  /// Whether there is one instant at which every member was held, as the order itself vouches for it.
  var isJoint: Bool

  /// For how long at least one member was held: the application is made of all of them.
  var affected: Duration {
    var total = Duration.zero
    var end: Duration?
    for member in members.sorted(by: { $0.began < $1.began }) {
      let from = max(member.began, end ?? member.began)
      if member.thawEnded > from { total += member.thawEnded - from }
      end = max(end ?? member.thawEnded, member.thawEnded)
    }
    return total
  }

  var longest: Duration { members.map(\.window).max() ?? .zero }

  /// Whether the holds overlapped by the common clock. It decides for the orders that prove nothing themselves.
  var overlapped: Bool {
    guard let last = members.map(\.held).max(), let first = members.map(\.thawBegan).min() else {
      return false
    }
    return last <= first
  }

  /// The least that a member of this cut could have been held, by the parts that were measured in it: once it is held
  /// it has to wait until the slowest is held too and that is known, and for its own snapshot.
  func limit(of member: HeldTimes, roundTrip: Duration) -> Duration {
    let slowest = members.map(\.quiesce).max() ?? .zero
    return max(slowest - member.quiesce + roundTrip, member.snapshot)
  }
}
