package import CoordinatorCore
package import KubernetesClient
package import Logging
internal import Model

/// Follows pods and what they belong to, and records both beside the history of placements.
///
/// An API server that is away makes owners late and nothing else: the agents tell what runs, and what is missed here is
/// found by listing when it is back.
package actor WorkloadRecorder {
  /// Stored together at most, so that a large cluster does not hold the catalog up.
  private static let batch = 500

  private let client: KubernetesClient
  private let store: any WorkloadStore
  private let clock: any Clock<Duration>
  private let pace: Duration
  private let logger: Logger
  private var directory = WorkloadDirectory()

  /// `pace` is how often what has become known is stored.
  package init(
    client: KubernetesClient, store: any WorkloadStore,
    clock: any Clock<Duration> = ContinuousClock(), pace: Duration = .seconds(1), logger: Logger
  ) {
    self.client = client.with(.inventory)
    self.store = store
    self.clock = clock
    self.pace = pace
    self.logger = logger
  }

  /// Returns when the task is cancelled.
  package func run() async {
    await withDiscardingTaskGroup { group in
      for type in WorkloadDirectory.types { group.addTask { await self.follow(type) } }
      group.addTask { await self.keepRecording() }
    }
  }

  private func follow(_ type: ResourceType) async {
    var said: String?
    await Reflector(client, type, trim: { WorkloadDirectory.trim(&$0) }).run { event in
      if case .interrupted(let error) = event, said != error.message {
        said = error.message
        logger.warning(
          "\(type) not followed, what new pods belong to stays unknown; trying goes on",
          metadata: ["error": "\(error)"])
      } else if case .synced = event, said != nil {
        said = nil
        logger.notice("\(type) followed again")
      }
      directory.note(event, of: type)
      return .goOn
    }
  }

  private func keepRecording() async {
    while (try? await clock.sleep(for: pace)) != nil { await record() }
  }

  private func record() async {
    let news = directory.news()
    var left = news.keys.sorted()[...]
    while !left.isEmpty {
      let batch = left.prefix(Self.batch)
      do {
        try await store.record(
          Dictionary(uniqueKeysWithValues: batch.compactMap { uid in news[uid].map { (uid, $0) } }))
        left = left.dropFirst(batch.count)
      } catch {
        directory.forget(Set(left))
        logger.warning(
          "what pods belong to not stored yet",
          metadata: ["pods": "\(left.count)", "error": "\(error)"])
        return
      }
    }
  }
}
