package import Model

/// How long each member will be held, from what prepare measured.
package struct WindowPrediction: Hashable, Sendable {
  package struct Window: Hashable, Sendable {
    package var member: ServiceName
    package var window: Duration
  }

  /// Sorted by member.
  package let windows: [Window]

  /// A member is held while the slowest one quiesces, or while its own snapshot is cut, and for a round trip of messages.
  package init(preparations: [ServiceName: Preparation], roundTrip: Duration) {
    let slowest = preparations.values.map(\.predictedQuiesce.duration).max() ?? .zero
    windows = preparations.map { name, preparation in
      let waiting = slowest - preparation.predictedQuiesce.duration + roundTrip
      let own = preparation.predictedQuiesce.duration
      return Window(
        member: name, window: own + max(waiting, preparation.predictedSnapshot.duration))
    }.sorted { $0.member < $1.member }
  }

  package var longest: Window? { windows.max { $0.window < $1.window } }
}
