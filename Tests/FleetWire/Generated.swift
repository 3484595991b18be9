import CutProtocol
import Foundation
import Model
import SeededRandom

/// Makes random, valid values from a seed.
struct Generator: RandomNumberGenerator {
  private var random: SplitMix64

  init(seed: UInt64) { random = SplitMix64(seed: seed) }

  mutating func next() -> UInt64 { random.next() }
  mutating func below(_ bound: Int) -> Int { random.below(bound) }
  mutating func bool() -> Bool { next() & 1 == 0 }

  mutating func name() -> String {
    let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
    let middle = letters + ["-", "."]
    var text = String(letters[below(letters.count)])
    for _ in 0..<below(40) { text.append(middle[below(middle.count)]) }
    return text + String(letters[below(letters.count)])
  }

  mutating func text() -> String {
    let characters = Array("aäß€😀 \n\t\"\\/'<>{}[]:;,.ÿ")
    return String((0..<below(60)).map { _ in characters[below(characters.count)] })
  }

  mutating func optional<Value>(_ value: (inout Generator) throws -> Value) rethrows -> Value? {
    bool() ? nil : try value(&self)
  }

  mutating func list<Value>(_ most: Int = 5, _ value: (inout Generator) throws -> Value) rethrows
    -> [Value]
  {
    var list: [Value] = []
    for _ in 0..<below(most + 1) { list.append(try value(&self)) }
    return list
  }

  mutating func duration() -> Duration { .nanoseconds(Int64(next() % 1_000_000_000_000)) }
  mutating func time() -> Timestamp {
    Timestamp(nanoseconds: Int64(next() % 4_000_000_000_000) * 1_000_000)
  }

  mutating func fence() -> Fence {
    Fence(epoch: next(), cut: next(), attempt: UInt32(truncatingIfNeeded: next()))
  }

  mutating func hold() -> HoldID { HoldID(boot: name(), incarnation: next(), counter: next()) }

  mutating func vector() throws -> WitnessVector {
    var holds: [ServiceName: HoldID] = [:]
    for _ in 0..<below(6) { holds[try ServiceName(name())] = hold() }
    return WitnessVector(holds)
  }

  mutating func volume() throws -> VolumeRef {
    VolumeRef(
      driver: try DriverName(name()), handle: try VolumeHandle(name()), publishedAt: "/" + name())
  }

  mutating func memberVolume() throws -> MemberVolume {
    MemberVolume(
      containerPath: "/" + name(), volume: try volume(),
      delegate: try optional { try ServiceName($0.name()) },
      unheldWriters: optional { generator in generator.list { $0.text() } })
  }

  mutating func refusal() -> Refusal {
    let codes: [Refusal.Code] = [.hazard, .moved, .busy, .staleFence, .expired, .failed]
    return Refusal(
      codes[below(codes.count)], text(), hint: optional { $0.text() },
      highestFence: optional { $0.fence() })
  }

  mutating func snapshot() throws -> SnapshotRecord {
    SnapshotRecord(
      containerPath: "/" + name(), volume: try volume(), name: name(),
      handle: try SnapshotHandle(name()), group: try optional { try SnapshotHandle($0.name()) },
      sizeBytes: Int64(next() >> 1), createdAt: time(), readyToUse: bool(), requested: duration(),
      acknowledged: duration(), takenBy: try optional { try ServiceName($0.name()) })
  }

  mutating func findings() throws -> ProbeFindings {
    let rules = ProbeFindings.Rule.allCases
    return ProbeFindings(
      driver: try DriverName(name()), version: text(),
      checks: list { generator in
        ProbeFindings.Check(
          rules[generator.below(rules.count)], kept: generator.optional { $0.bool() },
          detail: generator.text())
      }, cuts: list { Elapsed($0.duration()) }, obstacle: optional { $0.text() },
      leftBehind: list { $0.text() })
  }

  mutating func placement() throws -> Placement {
    Placement(
      node: try NodeID(name()), service: try ServiceName(name()),
      container: try ContainerID(name()), containerName: name(), pod: name(), podUID: name(),
      namespace: name(), image: name(), imageDigest: name(), labels: [name(): text()],
      mounts: try list { generator in
        ContainerMount(
          containerPath: "/" + generator.name(), hostPath: "/" + generator.name(),
          readOnly: generator.bool(), volume: try generator.optional { try $0.volume() })
      }, pid: optional { Int32($0.below(1 << 20)) }, startedAt: time())
  }

  mutating func record(_ sequence: UInt64) throws -> PlacementRecord {
    let change: PlacementChange
    switch below(4) {
    case 0: change = .started(try placement())
    case 1: change = .updated(try placement())
    case 2: change = .ended(try ContainerID(name()), .exited(code: Int32(below(256))))
    default: change = .unseen(since: time())
    }
    return PlacementRecord(sequence: sequence, time: time(), change: change)
  }
}
