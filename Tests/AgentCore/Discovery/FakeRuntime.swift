import AgentCore
import Model
import Synchronization

/// A container runtime whose containers, events and failures the test decides.
final class FakeRuntime: ContainerRuntime {
  struct Gone: Error {}

  struct State {
    var containers: [ContainerID: ObservedContainer] = [:]
    var isUp = true
    var hasEvents = true
    /// What is still said of a container, and how often, after it has changed.
    var stale: [ContainerID: (answer: ObservedContainer?, times: Int)] = [:]
    var listings = 0
    var pings = 0
    var watcher: AsyncThrowingStream<RuntimeChange, any Error>.Continuation?
  }

  let state = Mutex(State())
  /// Runs before a question about one container is answered.
  let onQuestion = Mutex<(@Sendable (ContainerID) async -> Void)?>(nil)

  /// Changes containers; `lag` further answers about each still tell the old state.
  func put(_ containers: ObservedContainer..., silently: Bool = false, lag: Int = 0) {
    for container in containers {
      state.withLock { state in
        if lag > 0 { state.stale[container.id] = (state.containers[container.id], lag) }
        state.containers[container.id] = container
        if !silently { _ = state.watcher?.yield(.container(container.id)) }
      }
    }
  }

  func remove(_ id: String) {
    let id = ContainerID(accepted: id)
    state.withLock { state in
      state.containers[id] = nil
      _ = state.watcher?.yield(.container(id))
    }
  }

  func stop() {
    state.withLock { state in
      state.isUp = false
      state.watcher?.finish(throwing: Gone())
      state.watcher = nil
    }
  }

  func start() { state.withLock { $0.isUp = true } }

  func containers() async throws -> [ObservedContainer] {
    try state.withLock { state in
      guard state.isUp else { throw Gone() }
      state.listings += 1
      return Array(state.containers.values)
    }
  }

  func container(_ id: ContainerID) async throws -> ObservedContainer? {
    await onQuestion.withLock { $0 }?(id)
    return try state.withLock { state in
      guard state.isUp else { throw Gone() }
      if let old = state.stale[id], old.times > 0 {
        state.stale[id]?.times -= 1
        return old.answer
      }
      return state.containers[id]
    }
  }

  func ping() async throws {
    try state.withLock { state in
      guard state.isUp else { throw Gone() }
      state.pings += 1
    }
  }

  func watch(_ report: @escaping @Sendable (RuntimeChange) async -> Void) async throws {
    let (stream, watcher) = AsyncThrowingStream<RuntimeChange, any Error>.makeStream()
    let hasEvents = try state.withLock { state in
      guard state.isUp else { throw Gone() }
      if state.hasEvents { state.watcher = watcher }
      return state.hasEvents
    }
    guard hasEvents else { return await report(.unsupported) }
    await report(.subscribed)
    for try await change in stream { await report(change) }
    try Task.checkCancellation()
  }
}
