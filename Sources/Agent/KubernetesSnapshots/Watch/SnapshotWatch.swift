internal import KubernetesClient
internal import Lifecycle
internal import Logging
internal import Synchronization

/// Follows the snapshots of the cluster while a cut of this node is prepared or under way.
///
/// Nothing is listed: a watch goes on from the version that prepare has read, so that 15,000 old snapshots cost nothing.
final class SnapshotWatch: Sendable {
  /// What is watched of one type.
  struct Subject: Hashable, Sendable {
    var type: ResourceType
    var selector = ResourceSelector.all
  }

  private struct State {
    var users = 0
    var running: Set<ResourceType> = []
  }

  private let client: KubernetesClient
  private let board: SnapshotBoard
  private let crew: Crew
  private let clock: any Clock<Duration>
  private let logger: Logger
  private let state = Mutex(State())

  init(
    _ client: KubernetesClient, board: SnapshotBoard, crew: Crew, clock: any Clock<Duration>,
    logger: Logger
  ) {
    self.client = client
    self.board = board
    self.crew = crew
    self.clock = clock
    self.logger = logger
  }

  /// From here on nothing that happens to these types is missed, until as many `close` as `open` were called.
  func open(_ subjects: [Subject]) async throws(KubernetesError) {
    state.withLock { $0.users += 1 }
    do throws(KubernetesError) {
      for subject in subjects {
        let isNew = state.withLock { $0.running.insert(subject.type).inserted }
        guard isNew else { continue }
        do throws(KubernetesError) {
          let version = try await version(subject)
          crew.run { await self.follow(subject, from: version) }
        } catch {
          state.withLock { _ = $0.running.remove(subject.type) }
          throw error
        }
      }
    } catch {
      close()
      throw error
    }
  }

  func close() {
    let isLast = state.withLock { state in
      state.users = max(0, state.users - 1)
      return state.users == 0
    }
    if isLast { board.clear() }
  }

  private func isWanted() -> Bool { state.withLock { $0.users > 0 } }

  /// Whether the follower of a type ends here; decided together with who wants it.
  private func ends(_ type: ResourceType) -> Bool {
    state.withLock { state in
      guard state.users == 0 else { return false }
      state.running.remove(type)
      return true
    }
  }

  private func version(_ subject: Subject) async throws(KubernetesError) -> String {
    try await client.page(subject.type, matching: subject.selector, limit: 1).resourceVersion
  }

  private func follow(_ subject: Subject, from first: String) async {
    var version = first
    while !ends(subject.type) {
      do throws(KubernetesError) {
        _ = try await client.watch(subject.type, matching: subject.selector, from: version) {
          event in
          version = event.resourceVersion ?? version
          switch event {
          case .added(let object), .modified(let object), .deleted(let object): board.take(object)
          case .bookmark: break
          }
          return isWanted() ? .goOn : .stop
        }
      } catch {
        guard error.code != .cancelled, !Task.isCancelled else {
          return state.withLock { _ = $0.running.remove(subject.type) }
        }
        logger.debug(
          "watch interrupted", metadata: ["type": "\(subject.type)", "error": "\(error)"])
        if error.isExpired { version = await caughtUp(subject) ?? version }
      }
      // A server that ends every watch at once must not be asked without a pause.
      guard (try? await clock.sleep(for: .milliseconds(50))) != nil else {
        return state.withLock { _ = $0.running.remove(subject.type) }
      }
    }
  }

  /// Events were missed: the contents that somebody waits for are read by their names. Nil when the server cannot be asked.
  private func caughtUp(_ subject: Subject) async -> String? {
    do throws(KubernetesError) {
      let version = try await version(subject)
      let prefix: String? =
        switch subject.type.kind {
        case "VolumeSnapshotContent": "snapcontent-"
        case "VolumeGroupSnapshotContent": "groupsnapcontent-"
        default: nil
        }
      guard let prefix else { return version }
      for uid in board.awaited {
        if let content = try await client.find(subject.type, prefix + uid) { board.take(content) }
      }
      return version
    } catch {
      return nil
    }
  }
}
