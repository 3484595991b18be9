import CutProtocol
import Model

/// A snapshot driver: names are idempotent, and what is cut stays until it is deleted by name.
final class Storage {
  struct Snapshot {
    var name: String
    var service: Int
    /// How many writes it contains.
    var version: Int
    var cutAt: Duration
    var deletedAt: Duration?

    var handle: String { "\(name)@\(service)" }
  }

  private(set) var snapshots: [Snapshot] = []
  private var live: [String: Int] = [:]

  /// The snapshot of that name, made now unless there is one.
  func cut(_ name: String, service: Int, version: Int, at now: Duration) -> Snapshot {
    if let index = live[name] { return snapshots[index] }
    let snapshot = Snapshot(name: name, service: service, version: version, cutAt: now)
    live[name] = snapshots.count
    snapshots.append(snapshot)
    return snapshot
  }

  func delete(_ name: String, at now: Duration) {
    guard let index = live.removeValue(forKey: name) else { return }
    snapshots[index].deletedAt = now
  }

  /// The newest snapshot with that name, deleted or not.
  func snapshot(_ name: String) -> Snapshot? { snapshots.last { $0.name == name } }
}
