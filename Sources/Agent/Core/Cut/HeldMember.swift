internal import CutProtocol
internal import Model

/// The holds of one member while they are taken, in force and released, with everything that was seen meanwhile.
///
/// Releasing may begin while a hold is still being taken: whatever was begun is released, nothing further is begun.
actor HeldMember {
  private let holds: [any PreparedHold]
  private let clock: any CutClock
  private var begun: [any PreparedHold] = []
  private var isEnding = false
  private var isTaking = false
  private var isReleased = false
  private var isAllHeld = false
  /// Why a hold does not see whether what it shares stands still.
  private var blind: Refusal?

  /// By the wall clock, when the last hold was in force.
  private(set) var heldAt: Timestamp?
  private(set) var tokensAtHold: [StateToken] = []
  private(set) var tokensBeforeThaw: [StateToken] = []

  init(holds: [any PreparedHold], clock: any CutClock) {
    self.holds = holds
    self.clock = clock
  }

  /// Takes every hold in order, then samples the tokens. Throws what the first failing hold said.
  /// Returns when the last hold was in force.
  func take() async throws(Refusal) -> Duration {
    isTaking = true
    defer { isTaking = false }
    for hold in holds {
      guard !isEnding else {
        throw Refusal(.expired, "the hold was ended while it was being taken")
      }
      begun.append(hold)
      try await hold.hold()
    }
    guard !isEnding else { throw Refusal(.expired, "the hold was ended while it was being taken") }
    let held = clock.now()
    heldAt = clock.timestamp()
    for hold in holds { tokensAtHold.append(try await hold.token()) }
    return held
  }

  /// The witness has arrived, of a cut in which volumes of this member have a delegate.
  func allHeld() {
    guard !isAllHeld else { return }
    isAllHeld = true
    for hold in begun {
      do { try hold.allHeld() } catch { blind = error }
    }
  }

  /// Samples the tokens again; one that cannot be had is missing, which the verdict then says.
  func sampleBeforeThaw() async {
    for hold in holds {
      do throws(Refusal) {
        if let blind { throw blind }
        tokensBeforeThaw.append(try await hold.token())
      } catch {
        tokensBeforeThaw.append(
          StateToken(quiescer: hold.readiness.quiescer, values: ["error": error.message]))
      }
    }
  }

  /// Releases in reverse order whatever was begun. Each release bounds itself.
  func release() async -> [ReleaseFinding] {
    isEnding = true
    var findings: [ReleaseFinding] = []
    for hold in begun.reversed() { findings.append(await hold.release()) }
    isReleased = true
    return findings
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
