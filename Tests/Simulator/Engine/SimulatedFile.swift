import AgentCore
import CutProtocol
import Foundation
import LinuxSystem
import Model
import SeededRandom

/// A small file on a node's disk: what programs see of it, and what a power cut leaves.
///
/// Replacing is atomic, as on a real disk by a rename; a sync that fails leaves open which content survives.
final class SimulatedFile: StateFile, @unchecked Sendable {
  let path: String
  private let oracle: FaultOracle
  private var visible: [UInt8]?
  private var durable: [UInt8]?

  init(path: String, oracle: FaultOracle) {
    self.path = path
    self.oracle = oracle
  }

  /// As another machine has it that was made from a copy of this one's disk.
  func cloned() -> SimulatedFile {
    let copy = SimulatedFile(path: path, oracle: oracle)
    copy.visible = durable
    copy.durable = durable
    return copy
  }

  func read(limit: Int) throws -> [UInt8]? { visible }

  func replace(with bytes: [UInt8]) throws {
    if oracle.strikes(.ledgerFull) { throw SystemError("write", path, code: 28) }
    if var random = oracle.strike(.ledgerSync) {
      if random.chance(500) { visible = bytes }
      throw SystemError("fsync", path, code: 5)
    }
    visible = bytes
    durable = bytes
  }

  /// What others do meanwhile comes between.
  func replaceBeside(with bytes: [UInt8]) async throws {
    await Task.yield()
    try replace(with: bytes)
  }

  /// The fences of the attempts that an agent's ledger in this file has not closed.
  var openFences: [Fence] {
    struct Ledger: Decodable {
      struct Entry: Decodable { var fence: Fence }
      var entries: [Entry]
    }
    // A node whose agent never started has no ledger.
    guard let visible, let read = try? CanonicalJSON.decode(Ledger.self, from: Data(visible)) else {
      return []
    }
    return read.entries.map(\.fence)
  }

  /// What had not been synced may be lost, or may not.
  func losePower(_ random: inout SplitMix64) {
    if random.chance(500) { visible = durable } else { durable = visible }
  }
}

/// A node's run directory, in memory: survives processes, not the machine.
final class SimulatedRunDirectory: HoldRecords, @unchecked Sendable {
  private(set) var records: [HoldRecord] = []
  private let oracle: FaultOracle

  init(oracle: FaultOracle) { self.oracle = oracle }

  func write(_ record: HoldRecord) throws(Refusal) {
    guard !oracle.strikes(.recordFull) else {
      throw Refusal(.failed, "the run directory is full")
    }
    records.removeAll { $0.hold == record.hold }
    records.append(record)
  }

  func remove(_ hold: HoldID) throws(Refusal) { records.removeAll { $0.hold == hold } }

  func record(of hold: HoldID) -> HoldRecord? { records.first { $0.hold == hold } }

  /// The newest hold that was announced for the member.
  func newest(of member: String) -> HoldRecord? { records.last { $0.member.text == member } }

  func clear() { records = [] }
}
