/// How far the end of one thing that a hold stopped has come.
enum Ending: Hashable, Sendable {
  /// It is not stopped, and nobody here stops it any more.
  case over
  /// The kernel or a thread of this process still works on it.
  case underWay
  /// It could not be ended here.
  case failed

  private static let pause = Duration.milliseconds(100)

  /// Waits while any is under way; true once all are over, false when one could not be ended or the task was cancelled.
  static func wait(for endings: @Sendable () -> [Ending]) async -> Bool {
    while true {
      let now = endings()
      guard now.contains(.underWay) else { return !now.contains(.failed) }
      guard (try? await Task.sleep(for: pause)) != nil else { return false }
    }
  }
}
