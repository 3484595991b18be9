internal import CutProtocol
internal import Model

/// The holds of one member while they are taken, in force and released, with everything that was seen meanwhile.
///
/// Releasing may begin while a hold is still being taken: whatever was begun is released, nothing further is begun.
actor HeldMember {
  private let holds: [any PreparedHold]
  private let clock: any CutClock
  private var begun: [any PreparedHold] = []
  /// Those whose release could not tell that they are over, by their place.
  private var left: [Int] = []
  private var isEnding = false
  private var isTaking = false
  private var isReleased = false
  private var isAllHeld = false
  /// Why a hold does not see whether what it shares stands still.
  private var blind: Refusal?

  /// By the wall clock, when the last hold was in force.
  private(set) var heldAt: Timestamp?
  /// By the place of their hold.
  private var atHold: [Int: StateToken] = [:]
  private var beforeThaw: [Int: StateToken] = [:]
  private var samplesBeforeThaw = false

  var tokensAtHold: [StateToken] { atHold.sorted { $0.key < $1.key }.map(\.value) }
  /// Complete once the holds are released.
  var tokensBeforeThaw: [StateToken] { beforeThaw.sorted { $0.key < $1.key }.map(\.value) }

  init(holds: [any PreparedHold], clock: any CutClock) {
    self.holds = holds
    self.clock = clock
  }

  /// Takes every hold in order, then samples the tokens. Throws what the first failing hold said.
  /// Returns when the last hold was in force.
  func take() async throws(Refusal) -> Duration {
    isTaking = true
    defer { isTaking = false }
    for (place, hold) in holds.enumerated() {
      try requireNotEnding()
      if hold.readiness.stopsApplication {
        try await sampleAtHold(places(askedBefore: place))
        try requireNotEnding()
      }
      // From here to the hold's own beginning nothing suspends: a release finds it, or it is not begun.
      begun.append(hold)
      try await hold.hold()
    }
    try requireNotEnding()
    let held = clock.now()
    heldAt = clock.timestamp()
    try await sampleAtHold(holds.indices.filter { atHold[$0] == nil })
    return held
  }

  private func requireNotEnding() throws(Refusal) {
    guard isEnding else { return }
    throw Refusal(.expired, "the hold was ended while it was being taken")
  }

  private func sampleAtHold(_ places: [Int]) async throws(Refusal) {
    for place in places { atHold[place] = try await holds[place].token() }
  }

  /// The holds before this one whose application has to run for their tokens.
  private func places(askedBefore place: Int) -> [Int] {
    (0..<place).filter { holds[$0].readiness.tokenIsAsked && atHold[$0] == nil }
  }

  /// The holds whose tokens can be had only once a later hold, which stops the application, is released.
  private var askedOutside: Set<Int> {
    guard let stop = holds.lastIndex(where: \.readiness.stopsApplication) else { return [] }
    return Set((0..<stop).filter { holds[$0].readiness.tokenIsAsked })
  }

  /// The witness has arrived, of a cut in which volumes of this member have a delegate.
  func allHeld() {
    guard !isAllHeld else { return }
    isAllHeld = true
    for hold in begun {
      do { try hold.allHeld() } catch { blind = error }
    }
  }

  /// Samples the tokens again; one that cannot be had is missing, which the verdict then says. Those for which a stopped
  /// application has to run follow in `release`.
  func sampleBeforeThaw() async {
    samplesBeforeThaw = true
    let later = askedOutside
    for place in holds.indices where !later.contains(place) { await sampleBeforeThaw(place) }
  }

  private func sampleBeforeThaw(_ place: Int) async {
    do throws(Refusal) {
      if let blind { throw blind }
      beforeThaw[place] = try await holds[place].token()
    } catch {
      beforeThaw[place] = StateToken(
        quiescer: holds[place].readiness.quiescer, values: ["error": error.message])
    }
  }

  /// Releases in reverse order whatever was begun. Each release bounds itself.
  func release() async -> [ReleaseFinding] {
    isEnding = true
    let later = samplesBeforeThaw ? askedOutside : []
    var findings: [ReleaseFinding] = []
    for (place, hold) in begun.enumerated().reversed() {
      // What stopped the application is released; this hold, in force since before the stop, is not yet.
      if later.contains(place) { await sampleBeforeThaw(place) }
      let finding = await hold.release()
      if finding.mayHold { left.append(place) }
      findings.append(finding)
    }
    isReleased = true
    return findings
  }

  /// Waits for what the release has left under way; false when something of it cannot be ended here.
  func waitUntilOver() async -> Bool {
    var isOver = true
    for place in left where !(await begun[place].waitUntilOver()) { isOver = false }
    return isOver
  }

  /// What only shows after the release: one sentence for each hold that did not give what it promised.
  func examine() async -> [String] {
    var findings: [String] = []
    for hold in begun.reversed() {
      if let finding = await hold.examine() { findings.append(finding) }
    }
    return findings
  }

  /// Closes all sessions, once nothing uses them any more; the caller calls it until it answers true.
  func discard() async -> Bool {
    isEnding = true
    guard !isTaking else { return false }
    for hold in holds.reversed() { await hold.discard() }
    return true
  }
}
