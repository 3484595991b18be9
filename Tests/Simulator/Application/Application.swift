import AgentCore
import CutProtocol
import Model
import SeededRandom

/// The services that are backed up, and writers that write to one service only after the one before it has acknowledged.
///
/// A backup that has the later write but not the earlier one is broken in a way that no restore can mend.
final class Application: @unchecked Sendable {
  struct Write {
    var writer: Int
    var chain: Int
  }

  struct Service {
    var name: ServiceName
    var hasVolume: Bool
    /// Acknowledges before the write is durable: F2 does not hold.
    var isWeak: Bool
    /// The hold that keeps it still.
    var gate: HoldID?
    /// Durable writes, in order; `began[n]` is when the state with n of them began.
    var log: [Write] = []
    var began: [Duration] = [.zero]
    var unflushed: [Write] = []
    var waiting: [() -> Void] = []
    /// Changes when the container is restarted.
    var startTicks: UInt64 = 1
    /// The node that it runs on, and the count of its containers so far.
    var node: Int
    var generation = 1
    /// The volume that it writes to; that of one service may be another's too.
    var volume: Int
  }

  private(set) var services: [Service]
  private let timeline: Timeline
  private var random: SplitMix64
  private var chains: [Int]
  private var parked: [Int] = []
  private let isBusy: () -> Bool
  /// What the coordinator knows of where everything runs.
  private(set) var told: [Placement] = []

  init(
    services: [Service], timeline: Timeline, random: SplitMix64, isBusy: @escaping () -> Bool
  ) {
    self.services = services
    self.timeline = timeline
    self.random = random
    self.isBusy = isBusy
    chains = [0, 0, 0]
    parked = Array(chains.indices)
    tell()
  }

  /// The catalog learns where everything runs now.
  func tell() { told = services.indices.map { placement($0) } }

  func version(_ index: Int) -> Int { services[index].log.count }

  /// How many writes of each service are on a service's volume now.
  func content(ofVolumeOf index: Int) -> [Int: Int] {
    let users = services.indices.filter { services[$0].volume == services[index].volume }
    return Dictionary(uniqueKeysWithValues: users.map { ($0, version($0)) })
  }

  /// Writers rest while no cut is near; a fleet that is being prepared wakes them.
  func wake() {
    let idle = parked
    parked = []
    for writer in idle { beginChain(writer) }
  }

  func restartContainer(_ index: Int) { services[index].startTicks += 1 }

  /// Its pod ends here and begins on another node; its volume follows.
  func move(_ index: Int, to node: Int) {
    services[index].node = node
    services[index].generation += 1
    services[index].startTicks += 1
  }

  /// Puts a hold in force; false when another is.
  func close(_ index: Int, _ hold: HoldID) -> Bool {
    guard services[index].gate == nil else { return false }
    services[index].gate = hold
    return true
  }

  /// Ends whatever hold is in force, as a thaw does, and tells which it was.
  func open(_ index: Int) -> HoldID? {
    let ended = services[index].gate
    services[index].gate = nil
    let blocked = services[index].waiting
    services[index].waiting = []
    for work in blocked { work() }
    return ended
  }

  private func beginChain(_ writer: Int) {
    chains[writer] += 1
    write(Write(writer: writer, chain: chains[writer]), to: 0)
  }

  private func write(_ write: Write, to index: Int) {
    guard index < services.count else { return rest(write.writer) }
    guard services[index].gate == nil else {
      services[index].waiting.append { [self] in self.write(write, to: index) }
      return
    }
    if services[index].isWeak {
      services[index].unflushed.append(write)
      timeline.after(random.duration(.milliseconds(5), .milliseconds(80))) { [self] in
        flush(index)
      }
    } else {
      store(write, index)
    }
    timeline.after(random.duration(.microseconds(200), .milliseconds(1))) { [self] in
      self.write(write, to: index + 1)
    }
  }

  private func flush(_ index: Int) {
    guard services[index].gate == nil else {
      services[index].waiting.append { [self] in flush(index) }
      return
    }
    let writes = services[index].unflushed
    services[index].unflushed = []
    for write in writes { store(write, index) }
  }

  private func store(_ write: Write, _ index: Int) {
    services[index].log.append(write)
    services[index].began.append(timeline.now)
  }

  private func rest(_ writer: Int) {
    let gap = random.duration(.milliseconds(1), .milliseconds(8))
    timeline.after(chains[writer] > 300 ? gap * 20 : gap) { [self] in
      if isBusy() { beginChain(writer) } else { parked.append(writer) }
    }
  }
}
