/// A container that was started.
package struct RunningWorkload: Hashable, Sendable {
  package var pod: String
  package var container: String
  /// What the container writes to its output and error streams.
  package var log: String
}
