internal import AgentCore

/// How fast the snapshot controller of a cluster works, as far as is known.
///
/// Stock controllers ask the API server five times a second after a burst of ten, whatever waits, and need several requests for
/// each snapshot. So a cut of many claims is limited by that and not by the storage. What counts are requests about snapshots and
/// their contents: those about claims, volumes and events have a limit of their own, which is never reached first.
struct ControllerPace: Hashable, Sendable {
  /// Of a controller without flags (kubernetes-csi/external-snapshotter, `--kube-api-qps`, `--kube-api-burst`).
  static let stockRate = 5.0
  static let stockBurst = 10.0
  /// Requests that the controller has made for each snapshot when the last of many is cut: the finalizer, the content and, for
  /// those that came first, what follows a cut. Counted at an API server: 4.0 with 4 at once, 4.8 with 32.
  static let requestsPerSnapshot = 5.0
  /// The error in the status of a snapshot whose class does not exist.
  static let requestsPerQuestion = 1.0
  /// Assumed until a cut was measured.
  static let usualCut = Duration.milliseconds(800)

  private struct Measured: Hashable, Sendable {
    var rate: Double
    var at: ContinuousClock.Instant
  }

  private var measured: Measured?
  private var cuts = MeasuredCuts()

  /// Requests a second, where that was measured lately: a controller that was busy then, or was given other flags since, is asked
  /// anew.
  func measuredRate(at now: ContinuousClock.Instant) -> Double? {
    guard let measured, now - measured.at < MeasuredCuts.believed else { return nil }
    return measured.rate
  }

  func rate(at now: ContinuousClock.Instant) -> Double { measuredRate(at: now) ?? Self.stockRate }

  /// From the request to the cut.
  func typicalCut(at now: ContinuousClock.Instant) -> Duration {
    cuts.typical(at: now, assumed: Self.usualCut)
  }

  /// How long it takes until all of so many snapshots are cut that are asked for at the same time.
  func predicted(_ snapshots: Int, at now: ContinuousClock.Instant) -> Duration {
    guard isLimit(for: snapshots) else { return typicalCut(at: now) }
    let beyond = Double(snapshots) * Self.requestsPerSnapshot - Self.stockBurst
    return typicalCut(at: now) + .seconds(beyond / rate(at: now))
  }

  /// Whether the controller's rate has a part in the time that so many snapshots take.
  func isLimit(for snapshots: Int) -> Bool {
    Double(snapshots) * Self.requestsPerSnapshot > Self.stockBurst
  }

  /// The rate that a plan of so many snapshots needs in order to be cut in this time.
  func needed(
    for snapshots: Int, within budget: Duration, at now: ContinuousClock.Instant
  ) -> Double? {
    let room = (budget - typicalCut(at: now)) / .seconds(1)
    guard room > 0 else { return nil }
    return ((Double(snapshots) * Self.requestsPerSnapshot - Self.stockBurst) / room).rounded(.up)
  }

  /// A cut that no other one delayed.
  mutating func note(cut time: Duration, at now: ContinuousClock.Instant) {
    cuts.add(time, at: now)
  }

  /// So many questions at once were all answered after `time`, the last of them at `now`.
  mutating func note(
    questions: Int, answeredAfter time: Duration, at now: ContinuousClock.Instant
  ) {
    let beyond = Double(questions) * Self.requestsPerQuestion - Self.stockBurst
    // Within the burst a controller's limit does not show.
    guard beyond > 0 else { return }
    measured = Measured(
      rate: max(Self.stockRate, beyond / max(time / .seconds(1), 0.05)), at: now)
  }
}
