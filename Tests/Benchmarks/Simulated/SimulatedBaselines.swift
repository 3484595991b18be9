internal import Model

/// The other two orders over the same simulated members, with the same latencies: an orchestrator that sends each hook
/// and each snapshot as an order of its own.
struct SimulatedBaselines {
  let parts: [SimulatedFleet.Parts]
  let small: Duration
  private let latencies = Latencies()

  init(parts: [SimulatedFleet.Parts], small: Duration) {
    self.parts = parts
    self.small = small
  }

  func oneByOne(seed: UInt64) -> CutTimesTaken {
    var random = Seeded(seed)
    var now = Duration.zero
    var members: [HeldTimes] = []
    for (number, part) in parts.enumerated() {
      now += small + latencies.message(&random)
      let began = now
      now += part.quiesce
      let held = now
      now += twice(&random) + part.snapshot + twice(&random)
      let thawBegan = now
      now += part.thaw
      members.append(
        HeldTimes(
          member: "\(number)", began: began, held: held, snapshot: part.snapshot,
          thawBegan: thawBegan, thawEnded: now))
      now += latencies.message(&random)
    }
    var cut = CutTimesTaken(members: members, isJoint: false)
    cut.isJoint = cut.overlapped
    return cut
  }

  func barrier(seed: UInt64) -> CutTimesTaken {
    var random = Seeded(seed)
    // Orders leave one after the other; the next step begins when the last answer is in.
    let begun = parts.indices.map { small * ($0 + 1) + latencies.message(&random) }
    let held = zip(begun, parts).map { $0 + $1.quiesce }
    let allHeld = held.map { $0 + latencies.message(&random) }.max() ?? .zero
    let cut = parts.enumerated().map { number, part in
      allHeld + small * (number + 1) + twice(&random) + part.snapshot
    }
    let allCut = cut.max() ?? .zero
    let thawBegan = parts.indices.map { allCut + small * ($0 + 1) + latencies.message(&random) }
    let members = parts.indices.map { number in
      HeldTimes(
        member: "\(number)", began: begun[number], held: held[number],
        snapshot: parts[number].snapshot, thawBegan: thawBegan[number],
        thawEnded: thawBegan[number] + parts[number].thaw)
    }
    var taken = CutTimesTaken(members: members, isJoint: false)
    taken.isJoint = taken.overlapped
    return taken
  }

  private func twice(_ random: inout Seeded) -> Duration {
    small + latencies.message(&random) + latencies.message(&random)
  }
}
