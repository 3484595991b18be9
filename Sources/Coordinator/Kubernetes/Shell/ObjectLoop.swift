internal import KubernetesClient
internal import Logging

/// Follows the objects of one type and has each looked at whenever it changes, and every few seconds besides.
struct ObjectLoop: Sendable {
  /// Objects that are looked at at once.
  static let most = 8

  let client: KubernetesClient
  let type: ResourceType
  let book: ObjectBook
  let clock: any Clock<Duration>
  /// How often every object is looked at though nothing changed: the coordinator's side changes too.
  var resync = Duration.seconds(10)
  let logger: Logger

  /// Returns when the task is cancelled. `tick` runs after every resync, once all objects are known.
  func run(
    _ look: @escaping @Sendable (ObjectKey) async -> Void,
    tick: @escaping @Sendable () async -> Void
  ) async {
    await withDiscardingTaskGroup { group in
      group.addTask { await follow() }
      group.addTask {
        while (try? await clock.sleep(for: resync)) != nil {
          guard book.isSynced else { continue }
          book.mark()
          await tick()
        }
      }
      for await _ in book.signals {
        for key in book.take(limit: Self.most) {
          group.addTask {
            await look(key)
            book.done(key)
          }
        }
      }
      group.cancelAll()
    }
  }

  private func follow() async {
    var said: String?
    await Reflector(client, type).run { event in
      if case .interrupted(let error) = event, said != error.message {
        said = error.message
        logger.warning("\(type) not followed", metadata: ["error": "\(explained(error))"])
      } else if case .synced = event, said != nil {
        said = nil
        logger.notice("\(type) followed again")
      }
      book.note(event)
      return .goOn
    }
  }

  private func explained(_ error: KubernetesError) -> String {
    guard error.isNotFound else { return "\(error)" }
    return "the cluster does not know \(type): apply the definitions in deploy/kubernetes/crds "
      + "(kubectl apply -f deploy/kubernetes/crds); trying goes on"
  }
}
