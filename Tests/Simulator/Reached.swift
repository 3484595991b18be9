/// The branches that a suite of seeded runs must have gone through to prove anything.
enum Reached {
  static let wanted =
    [
      "prepared", "freezing", "held", "thawing", "certifying", "certified", "ended",
      "held-after-its-first-lease",
    ].map { "member:\($0)" }
    + ["preparing", "freezing", "witnessed", "waiting", "finished"].map { "cut:\($0)" }
    + [
      "prepared", "refused-busy", "refused-hazard", "refused-stale-fence", "frozen", "certified",
      "ended", "nack-expired", "nack-failed", "nack-busy",
    ].map { "report:\($0)" }
    + ["complete", "lease-expired", "cap-reached", "aborted", "failed"].map { "thaw:\($0)" }
    + ["agent", "guardian", "restart"].map { "opened-by:\($0)" }
    + [
      "application-consistent", "group-consistent", "crash-consistent", "unproven", "failed",
    ].map { "grade:\($0)" }
    + ["drained", "left-out"].map { "grade-mark:\($0)" }
    + [
      "epoch-raised", "recovered-by-evidence", "recovery-failed-cut", "replaced", "started",
      "witnessed-attempt-abandoned", "write-refused",
    ].map { "coordinator:\($0)" }
    + [
      "stale-fence", "replaced-while-held", "restarted-open", "restarted-certified",
    ].map { "agent:\($0)" } + ["ghost:thawed-after-giving-up"]
    + [
      "message-lost", "message-doubled", "message-slow", "message-blocked", "coordinator-crashed",
      "coordinator-superseded", "agent-crashed", "agent-and-guardian-died", "agent-stalled",
      "guardian-died", "slow-quiesce",
      "hung-quiesce", "failing-quiesce", "slow-snapshot", "hung-snapshot", "failing-snapshot",
      "slow-release", "slow-prepare", "thawed-by-another", "thawed-and-frozen-again",
      "container-restarted", "forged-certificate", "cancelled", "partitioned-both",
    ].map { "fault:\($0)" }
}
