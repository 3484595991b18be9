internal import CutProtocol
internal import DemoFleet
internal import Glibc
internal import Model
internal import OperatorWire

extension Bench {
  /// What every hold ends within when the coordinator is silent.
  package static let lease = Duration.seconds(3)
  /// The plan's cap.
  package static let cap = Duration.seconds(5)
  /// What is added to a bound: the guardian's margin of 0.25 s, the thaw, and the first write after it, on a busy machine.
  package static let epsilon = Duration.milliseconds(1500)

  /// Strikes once, mends, and looks at everything that came of it.
  ///
  /// - Throws: ``DemoError`` when the cell could not be brought to its end; the fleet is then in no known state.
  package func run(_ cell: Cell) async throws -> CellResult {
    let began = MonotonicTime.now
    let id = try await reach(cell.phase, forking: cell.fault == .hookForks)
    let struck = MonotonicTime.now
    let stopped = try await strike(cell.fault)
    // Long enough for what the fault breaks at once to be noticed before the cut goes on.
    try await Task.sleep(for: .milliseconds(300))
    release(cell)
    try await mend(cell.fault, stopped: stopped)
    let mended = MonotonicTime.now
    let backup = try await stillpoint.endOfBackup(id, within: .seconds(120))
    let ended = MonotonicTime.now
    for gate in gates.values { try gate.reset() }
    try await waitUntilWhole()

    let felt = try Felt(
      by: probers, from: began, to: ended, struck: struck, except: cell.fault.ownStalls
    ) { cell.fault.bound(at: $0, mendedAfter: mended - struck) }
    let bound = felt.bound
    var result = CellResult(
      cell: cell, longestStall: felt.longest.length, stalled: felt.stalled,
      heldAfter: felt.heldAfter, heldAt: felt.heldAt, bound: bound,
      grade: backup.verdict?.grade ?? .failed,
      attempts: backup.attempts, sentence: backup.verdict?.sentence ?? "no verdict",
      isGradeRight: nil, nextGrade: nil, leftovers: [], complaints: [])
    if felt.heldAfter > bound {
      result.complaints.append(
        "held for \(felt.heldAfter.shortText) after the fault, at \(felt.heldAt)")
    }
    let most = max(Self.cap + Self.epsilon, bound) + (struck - began)
    if felt.longest.length > most {
      result.complaints.append("\(felt.stalled) stood still for \(felt.longest.length.shortText)")
    }
    try await judge(backup, &result)
    try await takeNext(after: backup, &result)
    return result
  }

  /// Opens what the backup claims to be consistent.
  private func judge(_ backup: BackupBody, _ result: inout CellResult) async throws {
    if result.grade > .crashConsistent, result.grade != .applicationConsistent {
      result.complaints.append("a grade that no strict plan can earn: \(result.grade.rawValue)")
    }
    guard result.grade == .applicationConsistent else { return }
    switch try await Truth.of(backup, on: self) {
    case .right: result.isGradeRight = true
    case .wrong(let why):
      result.isGradeRight = false
      result.complaints.append("the grade is wrong: \(why)")
    }
  }

  /// The next backup must be perfect, and nothing must be left of either once both are deleted.
  private func takeNext(after backup: BackupBody, _ result: inout CellResult) async throws {
    let next = try await stillpoint.createBackup(of: Self.plan)
    result.nextGrade = next.verdict?.grade
    if next.verdict?.grade != .applicationConsistent {
      result.complaints.append("the next backup: \(next.verdict?.sentence ?? "no verdict")")
    }
    for id in [backup.id, next.id] { try await stillpoint.run(["backup", "delete", id.text]) }
    result.leftovers = try await Leftovers(on: self).afterCleaning(within: .seconds(15))
    result.complaints += result.leftovers.map { "left behind: \($0)" }
  }
}

extension Fault {
  /// How long the store of this name may be held after the fault.
  func bound(at store: String, mendedAfter: Duration) -> Duration {
    let isStruck = ["orders", "files"].contains { store.hasPrefix($0) }
    switch self {
    case .kill(.coordinator), .stop(.coordinator), .kill(.guardian), .stop(.guardian):
      return Bench.lease + Bench.epsilon
    // The coordinator renews the others for as long as the cap allows: the silent node may come back.
    case .kill(.agent), .stop(.agent), .linkDown:
      return (isStruck ? Bench.lease : Bench.cap) + Bench.epsilon
    // Nobody is left to end it: until somebody is.
    case .kill(.agentAndGuardian), .stop(.agentAndGuardian):
      return (isStruck ? mendedAfter : Bench.cap) + Bench.epsilon
    case .kill, .stop, .diskFull, .hookHangs, .hookForks, .dirtyVolume, .thirdPartyThaw,
      .containerRestart:
      return Bench.cap + Bench.epsilon
    }
  }

  /// The stores that stand still by the fault itself, whatever the cut does.
  var ownStalls: Set<String> {
    switch self {
    case .kill(.database), .stop(.database): [Member.payments.rawValue]
    case .containerRestart: [Member.orders.rawValue]
    default: []
    }
  }
}

/// What the probers felt during one cell.
private struct Felt {
  var longest: Stall
  var stalled = ""
  /// The hold that came nearest to its bound after the fault, or went furthest beyond it.
  var heldAfter = Duration.zero
  var heldAt = ""
  var bound: Duration

  init(
    by probers: [Prober], from begin: MonotonicTime, to end: MonotonicTime, struck: MonotonicTime,
    except own: Set<String>, bound: (String) -> Duration
  ) throws {
    longest = Stall(begin: begin, end: begin)
    self.bound = bound(Member.orders.rawValue)
    for prober in probers {
      for (name, report) in try prober.reports(from: begin, to: end) where !own.contains(name) {
        for stall in report.stalls {
          if stall.length > longest.length { (longest, stalled) = (stall, name) }
          let after = stall.end - struck
          if stall.begin <= struck, after - bound(name) > heldAfter - self.bound {
            (heldAfter, heldAt, self.bound) = (after, name, bound(name))
          }
        }
      }
    }
  }
}
