/// What the snapshot drivers of a fleet keep: names are idempotent, and what is cut stays until it is deleted.
final class Storage: @unchecked Sendable {
  struct Snapshot {
    var name: String
    var service: Int
    /// How many writes it contains of each service that writes to the volume.
    var content: [Int: Int]
    var cutAt: Duration
    /// The driver had answered before it cut: nothing in the protocol can notice, only a test of the driver.
    var isEarlyAnswer: Bool
    var deletedAt: Duration?

    var handle: String { Storage.handle(name, service) }
  }

  private(set) var snapshots: [Snapshot] = []
  private var live: [String: Int] = [:]
  /// Names for which a driver has answered and is still to cut.
  private(set) var promised: Set<String> = []

  func promise(_ name: String, _ service: Int) { promised.insert(Self.handle(name, service)) }

  static func handle(_ name: String, _ service: Int) -> String { "\(name)@\(service)" }

  /// Makes the snapshot of that name, unless there is one.
  func cut(_ name: String, service: Int, content: [Int: Int], at now: Duration, isEarlyAnswer: Bool)
  {
    guard live[name] == nil else { return }
    live[name] = snapshots.count
    snapshots.append(
      Snapshot(
        name: name, service: service, content: content, cutAt: now, isEarlyAnswer: isEarlyAnswer))
  }

  /// Whether there was one.
  @discardableResult
  func delete(_ name: String, at now: Duration) -> Bool {
    guard let index = live.removeValue(forKey: name) else { return false }
    snapshots[index].deletedAt = now
    return true
  }

  func delete(handle: String, at now: Duration) {
    guard let name = live.keys.first(where: { snapshots[live[$0] ?? 0].handle == handle }) else {
      return
    }
    delete(name, at: now)
  }
}
