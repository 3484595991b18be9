internal import Synchronization

extension KubernetesClient {
  /// Waits for what `condition` finds in the object of that name, nil while there is none, by watching.
  ///
  /// Goes on through lost connections and a server that is away, and throws `timedOut` when `limit` is over, with the last
  /// failure in its hint if the server could not be asked.
  package func wait<Result: Sendable>(
    for type: ResourceType, _ name: String, in namespace: String? = nil, within limit: Duration,
    until condition: @escaping @Sendable (KubernetesObject?) -> Result?
  ) async throws(KubernetesError) -> Result {
    let reflector = Reflector(
      self, type, in: place(type, namespace), matching: .named(name))
    let failure = Mutex<KubernetesError?>(nil)
    do {
      let found = try await withTimeout(limit, transport.options.clock) {
        await reflector.first(condition) { error in failure.withLock { $0 = error } }
      }
      if let found { return found }
    } catch is TimeoutExceeded {
      let last = failure.withLock { $0 }
      throw KubernetesError(
        .timedOut, "\(type) \(name) did not become what was waited for within \(limit)",
        hint: last.map { "the last answer was: \($0.message)" })
    } catch {}
    throw KubernetesError(.cancelled, "waiting for \(type) \(name) was given up")
  }
}

extension Reflector {
  /// The first result that `condition` gives for the one object that is followed; nil when the task is cancelled.
  fileprivate func first<Result>(
    _ condition: (KubernetesObject?) -> Result?, _ interrupted: (KubernetesError?) -> Void
  ) async -> Result? {
    var result: Result?
    var exists = false
    await run { event in
      switch event {
      case .added(let object), .modified(let object):
        exists = true
        result = condition(object)
      case .deleted:
        exists = false
        result = condition(nil)
      case .synced:
        interrupted(nil)
        if !exists { result = condition(nil) }
      case .interrupted(let error): interrupted(error)
      }
      return result == nil ? .goOn : .stop
    }
    return result
  }
}
