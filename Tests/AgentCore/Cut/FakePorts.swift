import AgentCore
import CutProtocol
import Foundation
import Model
import Synchronization

/// What the ports of one node were asked, in the order in which it happened.
final class CallLog: Sendable {
  private let entries = Mutex<[String]>([])

  func note(_ entry: String) { entries.withLock { $0.append(entry) } }
  var all: [String] { entries.withLock { $0 } }
  func count(_ entry: String) -> Int { all.count { $0 == entry } }
  func position(_ entry: String) -> Int? { all.firstIndex(of: entry) }
}

/// One kind of hold whose `hold` stops at a gate.
struct FakeQuiescer: Quiescer {
  let log: CallLog
  let gate: Gate
  /// What its holds find out after their release.
  var finding: String?
  var leaving = FakeHold.Leaving.nothing
  var releasing = Gate()

  func prepare(_ hold: HoldSpec, for target: HoldTarget) async throws(Refusal) -> any PreparedHold {
    FakeHold(
      member: target.member, log: log, gate: gate, finding: finding, leaving: leaving,
      releasing: releasing)
  }
}

final class FakeHold: PreparedHold {
  /// What a release leaves under way.
  enum Leaving: Sendable {
    case nothing
    case over(Gate)
    case failed
  }

  private let member: ServiceName
  private let log: CallLog
  private let gate: Gate
  private let finding: String?
  private let leaving: Leaving
  private let releasing: Gate
  private let isHeld = Mutex(false)

  init(
    member: ServiceName, log: CallLog, gate: Gate, finding: String?, leaving: Leaving,
    releasing: Gate
  ) {
    self.finding = finding
    self.leaving = leaving
    self.releasing = releasing
    self.member = member
    self.log = log
    self.gate = gate
  }

  var readiness: HoldReadiness {
    HoldReadiness(
      quiescer: "fake", fidelity: .full, predicted: .milliseconds(10), remarks: [], rescue: [],
      record: [])
  }

  func hold() async throws(Refusal) {
    log.note("hold \(member)")
    await gate.pass()
    isHeld.withLock { $0 = true }
    log.note("held \(member)")
  }

  func token() async throws(Refusal) -> StateToken {
    StateToken(quiescer: "fake", values: ["writes": "17"])
  }

  func release() async -> ReleaseFinding {
    log.note("release \(member)")
    await releasing.pass()
    let wasHeld = isHeld.withLock { held in
      defer { held = false }
      return held
    }
    switch leaving {
    case .nothing:
      return ReleaseFinding(
        endedThisHold: wasHeld, finding: wasHeld ? nil : "\(member) was not held yet")
    case .over, .failed:
      return ReleaseFinding(endedThisHold: false, finding: "\(member) may be held", mayHold: true)
    }
  }

  func waitUntilOver() async -> Bool {
    guard case .over(let gate) = leaving else { return false }
    await gate.pass()
    return true
  }

  func examine() async -> String? {
    log.note("examine \(member)")
    return finding
  }

  func discard() async { log.note("discard \(member)") }
}

/// Snapshots whose cut stops at a gate; knows which exist.
final class FakeSnapshots: SnapshotProvider {
  let gate = Gate()
  private let log: CallLog
  private let names = Mutex<Set<String>>([])

  init(log: CallLog) { self.log = log }

  var existing: Set<String> { names.withLock { $0 } }

  func volume(at hostPath: String) async throws(Refusal) -> VolumeRef? { nil }

  func prepare(_ volumes: [MemberVolume]) async throws(Refusal) -> Duration { .milliseconds(5) }

  func cut(
    _ volumes: [MemberVolume], name: SnapshotName, clock: @Sendable () -> Duration
  ) async throws(Refusal) -> [SnapshotRecord] {
    let requested = clock()
    await gate.pass()
    log.note("cut \(name.member)")
    return volumes.map { volume in
      let text = name.text(volume: volume.volume.handle)
      names.withLock { _ = $0.insert(text) }
      return SnapshotRecord(
        containerPath: volume.containerPath, volume: volume.volume, name: text,
        handle: SnapshotHandle(accepted: "snap-1"), group: nil, sizeBytes: 4096,
        createdAt: Timestamp(nanoseconds: 0), readyToUse: true, requested: requested,
        acknowledged: clock())
    }
  }

  func delete(
    driver: DriverName, snapshot: SnapshotHandle, group: SnapshotHandle?
  ) async throws(Refusal) {}

  func deleteOrphans(_ volumes: [MemberVolume], name: SnapshotName) async throws(Refusal) -> Int {
    log.note("delete \(name.member) of \(name.fence)")
    let wanted = volumes.map { name.text(volume: $0.volume.handle) }
    return names.withLock { names in
      let found = wanted.filter(names.contains).count
      names.subtract(wanted)
      return found
    }
  }

  func probe(_ order: DriverProbe) async throws(Refusal) -> ProbeFindings {
    throw Refusal(.hazard, "this driver is not to be tried")
  }

  func restore(_ order: VolumeRestore) async throws(Refusal) -> VolumeRef { order.source.volume }
}

/// A guardian that only remembers; `die` ends it.
final class FakeGuardian: GuardianLink {
  struct State {
    var armed: [HoldID] = []
    var renewals: [HoldID] = []
    var busy = 0
  }

  let armGate = Gate()
  private let log: CallLog
  private let goneGate = Gate()
  private let state = Mutex(State())

  init(log: CallLog) {
    self.log = log
    goneGate.close()
  }

  var armed: [HoldID] { state.withLock(\.armed) }
  var renewals: [HoldID] { state.withLock(\.renewals) }

  /// It has begun to end whatever is armed, and says so this many times before it is done.
  func rescue(answers: Int) { state.withLock { $0.busy = answers } }

  func die() {
    state.withLock { $0.armed = [] }
    goneGate.open()
  }

  func arm(
    _ hold: HoldID, rescue: [Rescue], lease: Duration, cap: Duration
  ) async throws(Refusal) {
    await armGate.pass()
    log.note("arm \(lease) \(cap)")
    state.withLock { $0.armed.append(hold) }
  }

  func renew(_ hold: HoldID, lease: Duration) async throws(Refusal) {
    state.withLock { $0.renewals.append(hold) }
  }

  func disarm(_ hold: HoldID) async -> GuardianFinding {
    log.note("disarm")
    return state.withLock { state in
      guard state.armed.contains(hold) else { return .gone }
      guard state.busy == 0 else {
        state.busy -= 1
        return .rescuing
      }
      state.armed.removeAll { $0 == hold }
      return .idle
    }
  }

  func end(_ hold: HoldID) async -> GuardianFinding {
    log.note("end")
    return await disarm(hold) == .gone ? .gone : .rescued
  }

  func waitUntilGone() async {
    await goneGate.pass()
    goneGate.close()
  }
}

/// The run directory, in memory.
final class FakeRecords: HoldRecords {
  private let records = Mutex<[HoldID: HoldRecord]>([:])

  var holds: Set<HoldID> { records.withLock { Set($0.keys) } }
  func write(_ record: HoldRecord) throws(Refusal) { records.withLock { $0[record.hold] = record } }
  func remove(_ hold: HoldID) throws(Refusal) { records.withLock { $0[hold] = nil } }
}

struct FakeSigner: StatementSigner {
  func sign(_ statement: Data) async throws -> HoldCertificate {
    HoldCertificate(statement: statement, signature: Data([1]), chain: [])
  }
}

/// The link to the coordinator; each report stops at a gate before it is sent.
final class FakeReports: ReportSink {
  let gate = Gate()
  private let sent = Mutex<[CutReport]>([])

  var all: [CutReport] { sent.withLock { $0 } }

  func send(_ report: CutReport) async {
    await gate.pass()
    sent.withLock { $0.append(report) }
  }
}

/// A file in memory, which outlives whoever wrote it; while its disk is full it keeps what it has.
final class MemoryFile: StateFile {
  struct Full: Error {}

  let path = "memory"
  private let bytes = Mutex<[UInt8]?>(nil)
  private let disk = Mutex((isFull: false, refused: 0))

  /// How often something could not be written.
  var refused: Int { disk.withLock(\.refused) }
  func fill(_ isFull: Bool) { disk.withLock { $0.isFull = isFull } }

  func read(limit: Int) throws -> [UInt8]? { bytes.withLock { $0 } }

  func replace(with new: [UInt8]) throws {
    let isFull = disk.withLock { disk in
      if disk.isFull { disk.refused += 1 }
      return disk.isFull
    }
    guard !isFull else { throw Full() }
    bytes.withLock { $0 = new }
  }

  func replaceBeside(with new: [UInt8]) async throws { try replace(with: new) }
}
