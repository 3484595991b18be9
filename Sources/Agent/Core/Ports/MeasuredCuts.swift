/// What the newest cuts of one driver took, from which the next one is predicted.
///
/// A prediction can refuse a plan, and a plan that is refused measures nothing. So a driver that hung once must not be judged by
/// that for ever: a measurement is believed for ``believed`` and no longer.
package struct MeasuredCuts: Hashable, Sendable {
  /// How long a measurement counts.
  package static let believed = Duration.seconds(600)
  private static let most = 31

  private struct Measurement: Hashable, Sendable {
    var took: Duration
    var at: ContinuousClock.Instant
  }

  private var newest: [Measurement] = []

  package init() {}

  package mutating func add(_ took: Duration, at instant: ContinuousClock.Instant) {
    newest.append(Measurement(took: took, at: instant))
    if newest.count > Self.most { newest.removeFirst() }
  }

  /// The median of what is still believed, of two in the middle the shorter; nil without a measurement.
  package func typical(at now: ContinuousClock.Instant) -> Duration? {
    let believed = believed(at: now)
    return believed.isEmpty ? nil : believed[(believed.count - 1) / 2]
  }

  /// The same where something is assumed: one measurement alone may have been an accident, so the shorter of both counts.
  package func typical(at now: ContinuousClock.Instant, assumed: Duration) -> Duration {
    let believed = believed(at: now)
    return believed.count == 1 ? min(believed[0], assumed) : typical(at: now) ?? assumed
  }

  private func believed(at now: ContinuousClock.Instant) -> [Duration] {
    newest.filter { now - $0.at < Self.believed }.map(\.took).sorted()
  }
}
