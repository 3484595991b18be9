/// Follows the objects of a type for as long as it runs: lists, watches, goes on after every interruption.
///
/// Memory: keeps every object that matches, as `trim` leaves it, to be able to tell what was missed.
package struct Reflector: Sendable {
  package var type: ResourceType
  /// Nil for all of them.
  package var namespace: String?
  package var selector: ResourceSelector
  /// Takes from each object what nobody needs, before it is kept and told. Must leave the metadata's names and versions.
  package var trim: @Sendable (inout KubernetesObject) -> Void

  private let client: KubernetesClient

  package init(
    _ client: KubernetesClient, _ type: ResourceType, in namespace: String? = nil,
    matching selector: ResourceSelector = .all,
    trim: @escaping @Sendable (inout KubernetesObject) -> Void = Reflector.withoutManagedFields
  ) {
    self.client = client
    self.type = type
    self.namespace = namespace
    self.selector = selector
    self.trim = trim
  }

  /// Drops the record of who wrote which field, often half of an object.
  package static let withoutManagedFields: @Sendable (inout KubernetesObject) -> Void = {
    $0["metadata", "managedFields"] = nil
  }

  /// Tells every change, in order, one after the other, until `handle` wants no more or the task is cancelled.
  package func run(_ handle: (ReflectorEvent) async -> WatchStep) async {
    let times = client.transport.options.watchTimes(client.priority)
    var backoff = Backoff(first: times.firstRetry, longest: times.longestRetry)
    var state = ReflectorState()
    while !Task.isCancelled {
      do {
        if state.resourceVersion == nil {
          var list = try await client.list(type, in: namespace, matching: selector)
          for index in list.items.indices { trim(&list.items[index]) }
          if await tell(state.replace(with: list), handle) == .stop { return }
        }
        let end = try await client.watch(
          type, in: namespace, matching: selector, from: state.resourceVersion
        ) { event in
          backoff.reset()
          return await tell(state.apply(trimmed(event)), handle)
        }
        if end == .stopped { return }
        // A server that ends every watch at once must not be asked without a pause.
        try await pause(backoff.next(random: 0))
      } catch let error as KubernetesError where error.isExpired {
        state.expire()
        guard (try? await pause(backoff.next(random: .random(in: 0..<1)))) != nil else { return }
      } catch let error as KubernetesError {
        guard !Task.isCancelled, await handle(.interrupted(error)) == .goOn else { return }
        let wait = max(backoff.next(random: .random(in: 0..<1)), error.retryAfter ?? .zero)
        guard (try? await pause(wait)) != nil else { return }
      } catch {
        return
      }
    }
  }

  private func pause(_ time: Duration) async throws {
    try await client.transport.options.clock.sleep(for: time)
  }

  private func tell(
    _ events: [ReflectorEvent], _ handle: (ReflectorEvent) async -> WatchStep
  ) async -> WatchStep {
    for event in events {
      guard !Task.isCancelled, await handle(event) == .goOn else { return .stop }
    }
    return .goOn
  }

  private func trimmed(_ event: WatchEvent) -> WatchEvent {
    func trimmed(_ object: KubernetesObject) -> KubernetesObject {
      var object = object
      trim(&object)
      return object
    }
    switch event {
    case .added(let object): return .added(trimmed(object))
    case .modified(let object): return .modified(trimmed(object))
    case .deleted(let object): return .deleted(trimmed(object))
    case .bookmark: return event
    }
  }
}
