internal import FoundationEssentials
internal import Model

/// The matrix as a page of the documentation: no dates, no names of machines.
package struct Report: Sendable {
  private let outcomes: [Matrix.Outcome]
  /// How the programs were built, and on what they ran.
  private let machine: String

  package init(_ outcomes: [Matrix.Outcome], cores: Int) {
    self.outcomes = outcomes
    #if DEBUG
      machine = "\(cores) cores, debug build"
    #else
      machine = "\(cores) cores, release build"
    #endif
  }

  package func write(to file: String) throws {
    try Data(text.utf8).write(to: URL(filePath: file))
  }

  package var text: String {
    let wrong = outcomes.filter { !$0.isRight }
    var lines = [introduction]
    lines.append(
      "\(outcomes.count - wrong.count) of \(outcomes.count) cells are right. \(machine).")
    lines.append("")
    lines.append(summary)
    lines.append("")
    lines.append("## Every cell")
    for phase in Phase.allCases {
      lines.append("")
      lines.append("### \(phase.rawValue): \(phase.meaning)")
      lines.append("")
      lines.append(Self.head)
      lines += outcomes.filter { $0.cell.phase == phase }.map(Self.row)
    }
    lines.append("")
    if !wrong.isEmpty {
      lines.append("## What is wrong")
      lines.append("")
      for outcome in wrong { lines.append("- `\(outcome.cell.name)`: \(outcome.text)") }
      lines.append("")
    }
    return lines.joined(separator: "\n")
  }

  /// Phase × fault: held after the fault, and the grade.
  private var summary: String {
    var faults: [Fault] = []
    for outcome in outcomes where !faults.contains(outcome.cell.fault) {
      faults.append(outcome.cell.fault)
    }
    var lines = ["| fault | " + Phase.allCases.map(\.rawValue).joined(separator: " | ") + " |"]
    lines.append("|---|" + String(repeating: "---|", count: Phase.allCases.count))
    for fault in faults {
      let row = Phase.allCases.map { phase in
        outcomes.first { $0.cell == Cell(phase, fault) }.map(Self.short) ?? "–"
      }
      lines.append("| \(fault.name) | " + row.joined(separator: " | ") + " |")
    }
    return lines.joined(separator: "\n")
  }

  private static func short(_ outcome: Matrix.Outcome) -> String {
    guard case .result(let result) = outcome else { return "**broken**" }
    let mark = result.isRight ? "" : "**wrong** "
    let grade = result.isGradeRight == true ? "✓" : "✗"
    return "\(mark)\(seconds(result.heldAfter)) \(grade)\(result.attempts)"
  }

  private static let head = """
    | fault | held after the fault | bound | longest stall | backup | grade right | next backup | left behind |
    |---|---|---|---|---|---|---|---|
    """

  private static func row(_ outcome: Matrix.Outcome) -> String {
    guard case .result(let result) = outcome else {
      return "| \(outcome.cell.fault.name) | **broken** | | | | | | |"
    }
    let right = result.isGradeRight.map { $0 ? "yes" : "**no**" } ?? "claims nothing"
    let attempts = result.attempts == 1 ? "1 attempt" : "\(result.attempts) attempts"
    let stall = "\(seconds(result.longestStall)) (\(result.stalled))"
    let fields = [
      (result.isRight ? "" : "**wrong** ") + result.cell.fault.name, seconds(result.heldAfter),
      seconds(result.bound), stall, "\(result.grade.rawValue), \(attempts)", right,
      result.nextGrade?.rawValue ?? "none",
      result.leftovers.isEmpty ? "nothing" : result.leftovers.joined(separator: "; "),
    ]
    return "| " + fields.joined(separator: " | ") + " |"
  }

  /// With one digit: more would change with every run.
  private static func seconds(_ duration: Duration) -> String {
    let tenths = (duration.wholeNanoseconds + 50_000_000) / 100_000_000
    return "\(tenths / 10).\(tenths % 10) s"
  }

  private var introduction: String {
    """
    # Every fault in every phase

    Written by `make faults`, from a real fleet: three nodes in network namespaces, containerd, PostgreSQL, MariaDB, Redis and a
    service with files, on ext4 and XFS volumes of `stillpoint-csi-local`; coordinator, agents and guardians as they are
    shipped. One plan takes all of them in one strict cut, with a lease of \(Bench.lease.shortText) and a cap of \(Bench.cap.shortText). A cell brings a cut into a phase, where it
    is held by a hook that waits or by a CSI driver that is stopped, strikes once, mends as a service manager would, and then looks:

    - **held after the fault**: until every filesystem and every store took writes again that did not at the fault; 0.0 when nothing
      was held. It may be the bound at most: the lease, the cap, or the time until somebody is there again, each with \(Bench.epsilon.shortText) for
      the guardian's margin, the thaw, and the first write after it on a busy machine.
    - **longest stall**: the longest time between two acknowledged writes at any application, every attempt of the backup included, and
      where (`-volume` is the filesystem itself, without the database). It counts from before the fault. A store that the fault itself
      takes down is left out.
    - **grade right**: the snapshots were opened by real servers. The stores were the state of all at one instant, with everything
      that had been acknowledged before the holds, and no effect without its cause. *Claims nothing*: the backup failed and says so.
    - **next backup**: taken when everything is mended; **left behind**: snapshots, client processes, children of hooks, records and
      open attempts, once both backups are deleted.

    Nodes are struck where `orders` (PostgreSQL) and `files` run, clients and databases at `payments` (MariaDB). What is stopped, pulled or full
    stays so for \(Bench.outage.shortText), longer than a lease; what is killed is started again after \(Bench.restartDelay.shortText), coordinator and agent with guardian after \(Bench.outage.shortText). `make faults FILTER=held/agent-killed`
    runs one cell, `FILTER=held/` a phase, `FILTER=/agent-killed` a fault.

    In the first table each cell has the time for which something was held after the fault, and ✓ for a backup that met its plan or ✗ for one
    that failed, with the number of attempts.

    """
  }
}

extension Phase {
  /// The state of the cut when the fault strikes.
  fileprivate var meaning: String {
    switch self {
    case .prepare: "prepared where it strikes, nothing is held"
    case .freeze: "`orders` is held, `files` is frozen but its hold not complete"
    case .held: "both are held, another node is not: no witness yet"
    case .witnessed: "all are held and witnessed, the snapshots are not cut"
    case .thaw: "`files` is being thawed: its hook runs, its filesystem is still frozen"
    case .certify: "the certificates are stored, one of another node is missing"
    }
  }
}

extension Matrix.Outcome {
  var cell: Cell {
    switch self {
    case .result(let result): result.cell
    case .broken(let cell, _): cell
    }
  }
}
