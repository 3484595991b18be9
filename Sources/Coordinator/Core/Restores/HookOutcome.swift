package import Model

/// What became of one of a restore's commands.
package struct HookOutcome: Hashable, Codable, Sendable {
  package enum State: String, Hashable, Codable, Sendable {
    /// It exited with 0.
    case succeeded
    /// It failed, or could not be run.
    case failed
    /// It was not to be run; `words` says why.
    case leftOut = "left-out"
  }

  package var service: ServiceName
  /// Counts the service's hooks from 1.
  package var number: Int
  /// The pod, with its namespace, and the container in which it ran; nil where none was reached.
  package var place: String?
  package var state: State
  /// What happened, with the last words of the command, for people.
  package var words: String
  package var endedAt: Timestamp

  package init(
    service: ServiceName, number: Int, place: String?, state: State, words: String,
    endedAt: Timestamp
  ) {
    self.service = service
    self.number = number
    self.place = place
    self.state = state
    self.words = words
    self.endedAt = endedAt
  }

  package static func title(_ number: Int, of service: ServiceName) -> String {
    "hook \(number) of \(service)"
  }

  /// The whole of it on one line.
  package var line: String {
    Self.title(number, of: service) + (place.map { " in \($0)" } ?? "") + ": "
      + state.rawValue.replacing("-", with: " ") + ", " + words
  }
}
