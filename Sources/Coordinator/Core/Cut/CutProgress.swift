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
    var waitsFor: String?
    /// When the newest witness of each group was about to be built, and when it was there.
    var witnesses: [Int: ClosedRange<Duration>] = [:]
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

  /// Nothing begins before the turn of the cut has come.
  func waits(for ahead: String) {
    state.withLock { $0.waitsFor = ahead }
    note(nil, "waits for \(ahead)")
  }

  func waitIsOver() { state.withLock { $0.waitsFor = nil } }

  /// An attempt began with these members, of which none is held yet.
  func began(_ members: [ServiceName]) { state.withLock { $0.held.subtract(members) } }

  func held(_ member: ServiceName) { _ = state.withLock { $0.held.insert(member) } }

  /// A group's members were all held at one moment within `span`.
  func witnessed(_ group: Int, within span: ClosedRange<Duration>) {
    state.withLock { $0.witnesses[group] = span }
  }

  /// From before the first group's newest witness until after the last one's; nil where a group has none.
  func witness(of groups: Set<Int>) -> ClosedRange<Duration>? {
    let spans = state.withLock { $0.witnesses }
    guard groups.isSubset(of: spans.keys), let first = spans.values.map(\.lowerBound).min(),
      let last = spans.values.map(\.upperBound).max()
    else { return nil }
    return first...last
  }

  var standing: CutStanding {
    state.withLock {
      CutStanding(held: $0.held.count, last: $0.entries.last?.text, waitsFor: $0.waitsFor)
    }
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
