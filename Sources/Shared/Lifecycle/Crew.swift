/// Runs work beside its caller as children of one task group, so that nothing outlives the service that owns it.
package struct Crew: Sendable {
  package typealias Work = @Sendable () async -> Void

  private let queue: AsyncStream<Work>
  private let entry: AsyncStream<Work>.Continuation

  /// The queue has no bound of its own: it holds only work that somebody in the group has yet to pick up, and whoever
  /// submits bounds how much there can be.
  package init() {
    (queue, entry) = AsyncStream.makeStream(of: Work.self)
  }

  package func run(_ work: @escaping Work) { entry.yield(work) }

  /// Runs what is submitted, until `close` was called and all of it has ended. Called once.
  package func work() async {
    await withDiscardingTaskGroup { group in
      for await work in queue { group.addTask { await work() } }
      group.cancelAll()
    }
  }

  /// Takes no further work, and cancels what still runs.
  package func close() { entry.finish() }
}
