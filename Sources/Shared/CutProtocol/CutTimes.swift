/// The time limits of one cut, all of them on the coordinator's monotonic clock.
package struct CutTimes: Hashable, Sendable {
  /// How long a hold lasts without a renewal.
  package var lease = Duration.seconds(3)
  package var renewal = Duration.seconds(1)
  /// How long a backup waits for others that use the same members; several may be before it, each with three attempts.
  package var turn = Duration.seconds(600)
  /// How long all members together may take to prepare.
  package var prepare = Duration.seconds(30)
  /// How long certificates may take after the last hold must have ended; in it, silent members are asked again.
  package var certificates = Duration.seconds(30)
  package var query = Duration.seconds(2)
  /// Pauses before the second and later attempts, before jitter.
  package var pauses: [Duration] = [.seconds(2), .seconds(10)]
  /// What is added to a predicted window for messages.
  package var roundTrip = Duration.milliseconds(20)

  package init() {}
}
