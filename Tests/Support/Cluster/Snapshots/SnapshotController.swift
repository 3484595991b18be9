internal import KubernetesClient
internal import Synchronization

/// Does for VolumeSnapshots and VolumeGroupSnapshots what snapshot-controller and the sidecar do.
package struct SnapshotController: Sendable {
  package struct Timings: Sendable {
    /// Before a content is made: how long the controller takes to see a snapshot.
    package var reaction = Duration.milliseconds(5)
    /// Between the tries of something that failed.
    package var retry = Duration.milliseconds(100)
    /// Writes that the controller makes, `--kube-api-qps` and `--kube-api-burst`; nil for no limit.
    package var limit: (perSecond: Double, burst: Int)?

    package init() {}
  }

  let api: APIServer
  let driver: SnapshotDriver
  let timings: Timings
  private let state: State

  /// What is under way, and the writes that may be made.
  private final class State: Sendable {
    let busy = Mutex<Set<String>>([])
    let turn = Mutex<(tokens: Double, last: ContinuousClock.Instant)?>(nil)
  }

  package init(_ api: APIServer, driver: SnapshotDriver, timings: Timings = Timings()) {
    self.api = api
    self.driver = driver
    self.timings = timings
    state = State()
  }

  /// The resource of groups, in whichever version.
  static let groups = ResourceType(
    group: "groupsnapshot.storage.k8s.io", version: "v1", kind: "VolumeGroupSnapshot",
    plural: "volumegroupsnapshots", namespaced: true)
  static let groupContents = ResourceType(
    group: "groupsnapshot.storage.k8s.io", version: "v1", kind: "VolumeGroupSnapshotContent",
    plural: "volumegroupsnapshotcontents", namespaced: false)
  static let groupClasses = ResourceType(
    group: "groupsnapshot.storage.k8s.io", version: "v1", kind: "VolumeGroupSnapshotClass",
    plural: "volumegroupsnapshotclasses", namespaced: false)

  /// Works until the task is cancelled.
  package func run() async {
    let (beats, entry) = AsyncStream.makeStream(
      of: Beat.self, bufferingPolicy: .bufferingNewest(1))
    let id = await api.subscribe(entry)
    await withDiscardingTaskGroup { group in
      for await _ in beats {
        for (type, object) in await due() {
          let key = object.uid ?? object.name
          guard state.busy.withLock({ $0.insert(key).inserted }) else { continue }
          group.addTask {
            await handle(object, type)
            state.busy.withLock { _ = $0.remove(key) }
            // What came meanwhile was passed over.
            entry.yield(.changed)
          }
        }
      }
      group.cancelAll()
    }
    await api.unsubscribe(id)
  }

  /// Snapshots and groups that are not ready, or to be deleted.
  private func due() async -> [(ResourceType, KubernetesObject)] {
    var due: [(ResourceType, KubernetesObject)] = []
    for type in [ResourceType.volumeSnapshots, Self.groups] {
      for object in await api.objects(type) {
        let isReady = object["status", "readyToUse"]?.bool == true
        if object.deletionTimestamp != nil || !isReady { due.append((type, object)) }
      }
    }
    return due
  }

  private func handle(_ object: KubernetesObject, _ type: ResourceType) async {
    guard (try? await Task.sleep(for: timings.reaction)) != nil else { return }
    do {
      if object.deletionTimestamp != nil {
        try await delete(object, type)
      } else if type == Self.groups {
        try await cutGroup(object)
      } else if object["spec", "source", "volumeSnapshotContentName"] != nil {
        try await bindExisting(object)
      } else if object.ownerReferences.isEmpty {
        try await cutOne(object)
      }
    } catch let failure as SnapshotDriver.Failure {
      await report(failure, on: object, type)
      // Ends early when the controller is stopped.
      try? await Task.sleep(for: timings.retry)
    } catch {}
  }

  // MARK: writing

  /// Changes an object as it is now; does nothing to one that is gone.
  func change(
    _ type: ResourceType, _ name: String, _ namespace: String?,
    _ edit: @Sendable (inout KubernetesObject) -> Void
  ) async throws {
    try await takeTurn()
    await api.edit(type, name, in: namespace, edit)
  }

  /// Waits until the controller's own limit lets it write.
  func takeTurn() async throws {
    guard let limit = timings.limit else { return }
    let wait = state.turn.withLock { turn -> Duration in
      let now = ContinuousClock.now
      var tokens = turn?.tokens ?? Double(limit.burst)
      if let last = turn?.last {
        tokens = min(Double(limit.burst), tokens + ((now - last) / .seconds(1)) * limit.perSecond)
      }
      turn = (tokens - 1, now)
      return tokens >= 1 ? .zero : .seconds((1 - tokens) / limit.perSecond)
    }
    if wait > .zero { try await Task.sleep(for: wait) }
  }

  private func report(
    _ failure: SnapshotDriver.Failure, on object: KubernetesObject, _ type: ResourceType
  ) async {
    let error: JSONValue = [
      "message": .string(failure.message), "time": .string(ObjectStore.time()),
    ]
    let edit: @Sendable (inout KubernetesObject) -> Void = {
      $0["status", "error"] = error
      $0["status", "readyToUse"] = false
    }
    let isGroup = type == Self.groups
    let uid = object.uid ?? ""
    // Only a controller that is stopped fails here.
    try? await change(type, object.name, object.namespace, edit)
    try? await change(
      isGroup ? Self.groupContents : .volumeSnapshotContents,
      isGroup ? "groupsnapcontent-\(uid)" : "snapcontent-\(uid)", nil, edit)
  }
}
