package import KubernetesClient
internal import Synchronization

/// Objects of one type as they were last seen, and which of them somebody has to look at.
///
/// Each object is looked at by one task at a time; what happens meanwhile makes it due again afterwards.
package final class ObjectBook: Sendable {
  private struct State {
    var objects: [ObjectKey: KubernetesObject] = [:]
    var due: Set<ObjectKey> = []
    var busy: Set<ObjectKey> = []
    /// Nothing is due before all objects are known: what is missing would look deleted.
    var isSynced = false
  }

  private let state = Mutex(State())
  /// One element, at least, after anything has become due.
  let signals: AsyncStream<Void>
  private let signal: AsyncStream<Void>.Continuation

  package init() {
    (signals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
  }

  package func note(_ event: ReflectorEvent) {
    state.withLock { state in
      switch event {
      case .added(let object), .modified(let object):
        state.objects[object.key] = object
        state.due.insert(object.key)
      case .deleted(let object):
        state.objects[object.key] = nil
        state.due.remove(object.key)
      case .synced: state.isSynced = true
      case .interrupted: break
      }
    }
    signal.yield()
  }

  /// Keeps what a write over `base` returned, so that the next one does not begin with an older version.
  ///
  /// Not when something else was seen meanwhile: what was written may be older than that, and would never be put right.
  func keep(_ object: KubernetesObject, over base: KubernetesObject) {
    state.withLock { state in
      let known = state.objects[object.key]
      guard known?.uid == object.uid, known?.resourceVersion == base.resourceVersion else { return }
      state.objects[object.key] = object
    }
  }

  var isSynced: Bool { state.withLock { $0.isSynced } }
  var objects: [ObjectKey: KubernetesObject] { state.withLock { $0.objects } }
  subscript(key: ObjectKey) -> KubernetesObject? { state.withLock { $0.objects[key] } }

  /// Makes every object due that `isDue` wants.
  func mark(where isDue: (KubernetesObject) -> Bool = { _ in true }) {
    state.withLock { state in
      for (key, object) in state.objects where isDue(object) { state.due.insert(key) }
    }
    signal.yield()
  }

  /// Objects that are due and nobody looks at, as long as fewer than `limit` are being looked at.
  func take(limit: Int) -> [ObjectKey] {
    state.withLock { state in
      guard state.isSynced else { return [] }
      let free = state.due.subtracting(state.busy)
      let taken = free.prefix(max(0, limit - state.busy.count))
      state.due.subtract(taken)
      state.busy.formUnion(taken)
      return Array(taken)
    }
  }

  func done(_ key: ObjectKey) {
    state.withLock { _ = $0.busy.remove(key) }
    signal.yield()
  }
}
