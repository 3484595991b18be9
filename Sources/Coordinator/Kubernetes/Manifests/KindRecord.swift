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
  func list(_ client: KubernetesClient) async {
    do throws(KubernetesError) {
      let version = try await pages(client) { key, version in
        state.withLock { $0.histories[key, default: ObjectHistory()].add(version) }
      } again: {
        drop()
      }
      state.withLock { $0.resourceVersion = version }
    } catch {
      drop()
      state.withLock { $0.failure = error }
    }
  }

  /// Forgets what a list began with, and makes room for the other kinds.
  private func drop() {
    let found = contents
    state.withLock { $0.histories = [:] }
    budget.giveBack(objects: found.count, bytes: found.reduce(0) { $0 + $1.count })
  }

  /// The second list, asked for after the witness. True when the server, rather than this kind, is what could not be had.
  func listAgain(_ client: KubernetesClient) async -> Bool {
    guard hasListed, !isConfirmed else { return false }
    let found = Mutex<[ObjectKey: ObjectHistory.Version]>([:])
    do throws(KubernetesError) {
      _ = try await pages(client) { key, version in
        found.withLock { $0[key] = version }
      } again: {
        found.withLock { $0 = [:] }
      }
      state.withLock { state in state.last = found.withLock { $0 } }
      return false
    } catch {
      // What was seen before stays, as what could not be confirmed.
      return error.isAway
    }
  }

  /// All pages of one list, one object after the other, and the version that they belong to.
  private func pages(
    _ client: KubernetesClient, _ found: (ObjectKey, ObjectHistory.Version) -> Void,
    again: () -> Void
  ) async throws(KubernetesError) -> String {
    for limit in [nil, nil, 0] as [Int?] {
      do throws(KubernetesError) {
        var next: String?
        var whole = ""
        repeat {
          let page = try await client.page(
            type, in: namespace, matching: selector, limit: limit, next: next)
          let time = clock.now()
          for object in page.items {
            guard let version = try seen(of: object, at: time) else { continue }
            found(object.key, version)
          }
          if whole.isEmpty { whole = page.resourceVersion }
          next = page.next
        } while next != nil
        return whole
      } catch {
        // The server forgot the list between its pages: only one that is whole tells of one moment.
        guard error.isExpired, limit == nil else { throw error }
        again()
      }
    }
    throw KubernetesError(.protocolMismatch, "list \(type): the list expired again and again")
  }

  /// Nil for an object that is none of the backup's.
  private func seen(of object: KubernetesObject, at time: Duration) throws(KubernetesError)
    -> ObjectHistory.Version?
  {
    guard isMeant(object) else { return nil }
    if var known = known(object) {
      known.since = time
      return known
    }
    guard let manifest = ManifestTrim.manifest(object, of: type) else { return nil }
    let content = Data(manifest.value.bytes)
    guard budget.take(objects: 1, bytes: content.count) else {
      throw KubernetesError(
        .input, "there is more than one backup may have of a cluster's objects",
        hint: "exclude kinds in the plan's manifests")
    }
    return ObjectHistory.Version(
      since: time, uid: object.uid ?? "", resourceVersion: object.resourceVersion ?? "",
      content: content, owner: ManifestTrim.owner(of: object))
  }

  /// The very state, if it was seen before: it is kept once.
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
      do throws(KubernetesError) {
        guard let version = try seen(of: object, at: now) else { return true }
        state.withLock { $0.histories[object.key, default: ObjectHistory()].add(version) }
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
