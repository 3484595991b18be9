internal import CoordinatorCore
internal import CutProtocol
internal import Foundation
internal import KubernetesClient
internal import Synchronization

/// What was seen of the objects of one kind in one place.
final class KindRecord: Sendable {
  let type: ResourceType
  /// Nil for the whole cluster.
  let namespace: String?
  let selector: ResourceSelector
  let canBeWatched: Bool
  /// Whether its objects tell about others and are not to be applied.
  let isFact: Bool
  /// Which of the objects that are listed are meant.
  let isMeant: @Sendable (KubernetesObject) -> Bool

  private struct State {
    var histories: [ObjectKey: ObjectHistory] = [:]
    /// Where a watch goes on; nil before the first list.
    var resourceVersion: String?
    /// Why nothing of this kind is known.
    var failure: KubernetesError?
    var isWatched = false
    /// What the second list found; nil before it.
    var last: [ObjectKey: ObjectHistory.Version]?
  }

  private let state = Mutex(State())
  private let budget: CaptureBudget
  private let clock: any CutClock

  init(
    _ type: ResourceType, in namespace: String?, matching selector: ResourceSelector = .all,
    canBeWatched: Bool = true, isFact: Bool = false, budget: CaptureBudget, clock: any CutClock,
    isMeant: @escaping @Sendable (KubernetesObject) -> Bool = { _ in true }
  ) {
    self.type = type
    self.namespace = namespace
    self.selector = selector
    self.canBeWatched = canBeWatched
    self.isFact = isFact
    self.budget = budget
    self.clock = clock
    self.isMeant = isMeant
  }

  var failure: KubernetesError? { state.withLock { $0.failure } }
  var hasListed: Bool { state.withLock { $0.resourceVersion != nil } }
  /// Whether the second list was had.
  var isConfirmed: Bool { state.withLock { $0.last != nil } }
  var isEmpty: Bool { state.withLock { $0.histories.isEmpty } }

  /// Contents as they were last seen.
  var contents: [Data] {
    state.withLock { $0.histories.values.compactMap { $0.versions.last?.content } }
  }

  // MARK: Reading

  /// The first list. What it finds was so before it returned.
  func list(_ reader: ListReader) async {
    do throws(KubernetesError) {
      let version = try await reader.read(type, in: namespace, matching: selector) {
        (objects, time) throws(KubernetesError) in
        try add(objects, at: time)
      } again: {
        drop()
      }
      state.withLock { $0.resourceVersion = version }
    } catch {
      fail(error)
    }
  }

  /// The same from a list of the whole cluster.
  func adopt(_ list: KubernetesList, at time: Duration) {
    do throws(KubernetesError) {
      try add(list.items.filter { $0.namespace == namespace }, at: time)
      state.withLock { $0.resourceVersion = list.resourceVersion }
    } catch {
      fail(error)
    }
  }

  private func add(_ objects: [KubernetesObject], at time: Duration) throws(KubernetesError) {
    for object in objects {
      guard let seen = try seen(object, at: time) else { continue }
      state.withLock { $0.histories[object.key, default: ObjectHistory()].add(seen.version) }
    }
  }

  private func fail(_ error: KubernetesError) {
    drop()
    state.withLock { $0.failure = error }
  }

  /// Forgets what a list began with, and makes room for the other kinds.
  private func drop() {
    let found = contents
    state.withLock { $0.histories = [:] }
    budget.giveBack(objects: found.count, bytes: found.reduce(0) { $0 + $1.count })
  }

  /// The second list, asked for after the witness. True when the server, rather than this kind, is what could not be had.
  func listAgain(_ reader: ListReader) async -> Bool {
    guard isToBeConfirmed else { return false }
    let look = SecondLook()
    do throws(KubernetesError) {
      _ = try await reader.read(type, in: namespace, matching: selector) {
        (objects, time) throws(KubernetesError) in
        try look.add(objects, at: time, of: self)
      } again: {
        look.drop(budget)
      }
      confirm(look)
      return false
    } catch {
      // What was seen before stays, as what could not be confirmed.
      look.drop(budget)
      return error.isAway
    }
  }

  /// The same from a list of the whole cluster.
  func adoptAgain(_ list: KubernetesList, at time: Duration) {
    guard isToBeConfirmed else { return }
    let look = SecondLook()
    do throws(KubernetesError) {
      try look.add(list.items.filter { $0.namespace == namespace }, at: time, of: self)
      confirm(look)
    } catch {
      look.drop(budget)
    }
  }

  private var isToBeConfirmed: Bool {
    state.withLock { $0.resourceVersion != nil && $0.last == nil }
  }
  private func confirm(_ look: SecondLook) { state.withLock { $0.last = look.found } }

  /// What a second list found so far.
  private final class SecondLook {
    private(set) var found: [ObjectKey: ObjectHistory.Version] = [:]
    private var charged = (objects: 0, bytes: 0)

    func add(_ objects: [KubernetesObject], at time: Duration, of record: KindRecord)
      throws(KubernetesError)
    {
      for object in objects {
        guard let seen = try record.seen(object, at: time) else { continue }
        found[object.key] = seen.version
        charged.objects += seen.isNew ? 1 : 0
        charged.bytes += seen.isNew ? seen.version.content?.count ?? 0 : 0
      }
    }

    func drop(_ budget: CaptureBudget) {
      found = [:]
      budget.giveBack(objects: charged.objects, bytes: charged.bytes)
      charged = (0, 0)
    }
  }

  /// Nil for an object that is none of the backup's. A state that was seen before is kept, and counted, once.
  private func seen(_ object: KubernetesObject, at time: Duration) throws(KubernetesError)
    -> (version: ObjectHistory.Version, isNew: Bool)?
  {
    guard isMeant(object) else { return nil }
    if var known = known(object) {
      known.since = time
      return (known, false)
    }
    guard let manifest = ManifestTrim.manifest(object, of: type) else { return nil }
    let content = Data(manifest.value.bytes)
    switch budget.take(objects: 1, bytes: content.count) {
    case nil: break
    case .full:
      throw KubernetesError(
        .input, "there is more than one backup may have of a cluster's objects",
        hint: "exclude kinds in the plan's manifests")
    case .crowded:
      throw KubernetesError(
        .input,
        "there was no room for it beside the objects of the other backups that are being taken",
        hint: "take backups of large namespaces one after the other")
    }
    let version = ObjectHistory.Version(
      since: time, uid: object.uid ?? "", resourceVersion: object.resourceVersion ?? "",
      content: content, owner: ManifestTrim.owner(of: object))
    return (version, true)
  }

  private func known(_ object: KubernetesObject) -> ObjectHistory.Version? {
    state.withLock { state in
      state.histories[object.key]?.versions.first {
        $0.content != nil && $0.uid == object.uid && $0.resourceVersion == object.resourceVersion
      }
    }
  }

  // MARK: Following

  /// Notes every change from the first list on, until the task is cancelled or changes were missed.
  func follow(_ client: KubernetesClient) async {
    guard var version = state.withLock({ $0.resourceVersion }) else { return }
    state.withLock { $0.isWatched = true }
    defer { state.withLock { $0.isWatched = false } }
    while !Task.isCancelled {
      do throws(KubernetesError) {
        var isOver = false
        _ = try await client.watch(type, in: namespace, matching: selector, from: version) {
          event in
          if let newer = event.resourceVersion { version = newer }
          if !note(event) { isOver = true }
          return isOver ? .stop : .goOn
        }
        if isOver { return }
      } catch {
        // What happened meanwhile is told from the last version on, unless the server has forgotten or refuses.
        guard error.isTransient else { return }
      }
      guard (try? await clock.sleep(until: clock.now() + .milliseconds(200))) != nil else { return }
    }
  }

  /// False when it cannot be noted.
  private func note(_ event: WatchEvent) -> Bool {
    let now = clock.now()
    switch event {
    case .bookmark: return true
    case .added(let object), .modified(let object):
      // Of one that changed too often it cannot be told how it was, and more of it takes room for nothing.
      guard !isFull(object.key) else { return true }
      do throws(KubernetesError) {
        try add([object], at: now)
        return true
      } catch {
        return false
      }
    case .deleted(let object):
      state.withLock { state in
        state.histories[object.key]?.add(
          ObjectHistory.Version(
            since: now, uid: object.uid ?? "", resourceVersion: object.resourceVersion ?? "",
            content: nil))
      }
      return true
    }
  }

  private func isFull(_ key: ObjectKey) -> Bool {
    state.withLock { $0.histories[key]?.isFull ?? false }
  }

  /// Whether everything that the second list shows was told by the watch as well, or will not be.
  var hasCaughtUp: Bool {
    state.withLock { state in
      guard state.isWatched, let last = state.last else { return true }
      return last.allSatisfy { state.histories[$0.key]?.contains($0.value) ?? false }
    }
  }

  // MARK: Judging

  typealias Judged = (
    key: ObjectKey, version: ObjectHistory.Version, standing: BackupManifest.Standing
  )

  /// Every object that belongs to the backup, sorted by name.
  func judged(at witness: ClosedRange<Duration>) -> [Judged] {
    let (histories, last) = state.withLock { ($0.histories, $0.last) }
    let keys = Set(histories.keys).union(last?.keys ?? [:].keys)
    return keys.sorted { $0.name < $1.name }.compactMap { key in
      let history = histories[key] ?? ObjectHistory()
      return history.judged(at: witness, last: last?[key], isConfirmed: last != nil)
        .map { (key, $0.version, $0.standing) }
    }
  }
}
