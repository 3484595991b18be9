/// What goes wrong with requests.
package struct Fault: Sendable {
  package enum Effect: Sendable {
    case refuse(Refusal)
    /// The request is carried out after this.
    case delay(Duration)
    /// The connection is closed without an answer, and nothing is done.
    case drop
    /// The request is carried out, but nobody learns.
    case dropAfterwards
    /// Nothing is ever answered.
    case silence
    /// A watch's connection is closed after so many events.
    case endWatch(afterEvents: Int)
    /// A watch goes silent after so many events, its connection stays.
    case muteWatch(afterEvents: Int)
  }

  package var effect: Effect
  /// How many requests it meets; nil for all of them.
  package var times: Int?
  package var matches: @Sendable (APICall) -> Bool

  package init(
    _ effect: Effect, times: Int? = 1,
    where matches: @escaping @Sendable (APICall) -> Bool = { _ in true }
  ) {
    self.effect = effect
    self.times = times
    self.matches = matches
  }
}
