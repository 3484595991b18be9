package import CutProtocol
package import Model
internal import Synchronization

/// What happens in one cut, told to everybody who watches, without ever waiting for a disk or a reader.
package final class CutProgress: Sendable {
  private struct State {
    var entries: [BackupLogEntry] = []
    var readers: [AsyncStream<BackupLogEntry>.Continuation] = []
    var hasEnded = false
    var held: Set<ServiceName> = []
  }

  /// A cut of a thousand members in three attempts stays below this.
  private static let mostEntries = 50_000
  private let state = Mutex(State())

  private let clock: any CutClock

  package init(clock: any CutClock) { self.clock = clock }

  package func note(_ member: ServiceName?, _ text: String) {
    let entry = BackupLogEntry(time: clock.timestamp(), member: member, text: text)
    state.withLock { state in
      guard !state.hasEnded, state.entries.count < Self.mostEntries else { return }
      state.entries.append(entry)
      for reader in state.readers { reader.yield(entry) }
    }
  }

  /// An attempt began with these members, of which none is held yet.
  func began(_ members: [ServiceName]) { state.withLock { $0.held.subtract(members) } }

  func held(_ member: ServiceName) { _ = state.withLock { $0.held.insert(member) } }

  var standing: CutStanding {
    state.withLock { CutStanding(held: $0.held.count, last: $0.entries.last?.text) }
  }

  /// Everything so far and then what follows; the oldest is lost to a reader that is too slow.
  package func watch() -> AsyncStream<BackupLogEntry> {
    let (stream, entry) = AsyncStream.makeStream(
      of: BackupLogEntry.self, bufferingPolicy: .bufferingNewest(4096))
    state.withLock { state in
      for past in state.entries { entry.yield(past) }
      if state.hasEnded { entry.finish() } else { state.readers.append(entry) }
    }
    return stream
  }

  package func end() {
    state.withLock { state in
      state.hasEnded = true
      for reader in state.readers { reader.finish() }
      state.readers = []
    }
  }
}
