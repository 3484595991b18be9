import CutProtocol
import Model

/// The branches that a suite of seeded runs must have gone through to prove anything: every fault, every state of both
/// machines with every event that matters in it, what the drivers say in their logs, every end of a hold and every grade.
enum Reached {
  static var wanted: [String] {
    Fault.allCases.map { "fault:\($0.rawValue)" } + machines + drivers + outcomes
  }

  private static func pairs(_ machine: String, _ states: [String: [String]]) -> [String] {
    states.keys.sorted().flatMap { state in
      (states[state] ?? []).map { "\(machine):\(state)×\($0)" }
    }
  }

  private static var machines: [String] {
    pairs(
      "member",
      [
        "preparing": ["abort", "must-end", "prepare-failed", "prepared", "query"],
        "prepared": [
          "abort", "freeze", "must-end", "query", "renew", "tick",
        ],
        "freezing": ["abort", "freeze", "hold-failed", "holds-taken", "must-end", "renew", "tick"],
        "held": [
          "abort", "cut", "freeze", "must-end", "query", "renew", "snapshot-failed",
          "snapshots-cut", "tick", "witness",
        ],
        "thawing": ["abort", "freeze", "hold-failed", "renew", "thawed", "witness"],
        "certifying": ["abort", "renew", "signed", "signing-failed", "witness"],
        "certified": ["abort", "must-end", "query", "renew", "settled", "tick", "witness"],
        "ended": [
          "abort", "hold-failed", "must-end", "prepared", "snapshot-failed", "snapshots-cut",
          "tick", "witness",
        ],
      ])
      + pairs(
        "cut",
        [
          "waiting": ["cancel", "ended", "nack", "prepared", "refused", "tick", "unreachable"],
          "preparing": ["cancel", "ended", "nack", "prepared", "refused", "tick", "unreachable"],
          "freezing": ["cancel", "ended", "frozen", "nack", "prepared", "tick", "unreachable"],
          "witnessed": [
            "cancel", "certified", "cut", "ended", "frozen", "nack", "rejected", "tick",
            "unreachable",
          ],
        ])
      + ["preparing", "freezing", "witnessed", "waiting", "finished"].map { "cut-enters:\($0)" }
  }

  private static var drivers: [String] {
    [
      "agent connected", "agent disconnected", "backup log lines lost", "cut committed",
      "cut not committed", "heartbeat not stored", "open attempts not read", "report not stored",
      "unfinished cuts not read yet",
      "backup taken up that an earlier coordinator had not begun",
      "an agent knows a higher fence than this catalog: it was restored from an older one, and its epoch went above",
    ].map { "coordinator-log:\($0)" }
      + [
        "attempt not closed yet", "guardian is gone, ending every hold", "hold ended",
        "orphaned snapshots not deleted yet",
      ].map { "agent-log:\($0)" }
      + [
        "prepared", "refused-busy", "refused-hazard", "refused-moved", "refused-stale-fence",
        "frozen", "cut", "certified", "ended", "nack-expired", "nack-failed", "nack-busy",
      ].map { "report:\($0)" }
      + ["abort", "cut", "freeze", "prepare", "query", "renew", "settled", "witness"].map {
        "order:\($0)"
      }
      + ["catalog:commit-refused-conflict", "catalog:epoch-raised", "connection:not-admitted"]
      + ["agent:could-not-start", "coordinator:could-not-start", "coordinator:started"]
      + ["request:deleted", "status:with-nodes-away", "driver:witnessed-attempt-abandoned"]
      + ["request:cancelled", "turn:waits-for-backup"]
  }

  private static var outcomes: [String] {
    ["complete", "lease-expired", "cap-reached", "aborted", "failed"].map { "thaw:\($0)" }
      + ["agent", "guardian", "restart", "reboot"].map { "opened-by:\($0)" }
      + ["idle", "rescued", "gone"].map { "guardian:disarmed-\($0)" }
      + [
        "application-consistent", "group-consistent", "crash-consistent", "unproven", "failed",
      ].map { "grade:\($0)" }
      + ["drained", "left-out"].map { "grade-mark:\($0)" } + ["ghost:thawed-after-giving-up"]
  }
}
