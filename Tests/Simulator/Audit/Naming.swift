import CutProtocol

/// Short names of states and reports for the census.
enum Naming {
  static func of(_ news: CutReport.News) -> String {
    switch news {
    case .prepared: "prepared"
    case .refused(let refusal): "refused-\(refusal.code.rawValue)"
    case .frozen: "frozen"
    case .cut: "cut"
    case .nack(let refusal): "nack-\(refusal.code.rawValue)"
    case .certified: "certified"
    case .ended: "ended"
    }
  }

  static func kind(_ order: CutOrder) -> String {
    if case .abort = order { return "abort" }
    return of(order)
  }

  static func of(_ order: CutOrder) -> String {
    switch order {
    case .prepare: "prepare"
    case .freeze: "freeze"
    case .renew: "renew"
    case .witness: "witness"
    case .cut: "cut"
    case .abort(_, _, let reason, _): "abort (\(reason))"
    case .query: "query"
    case .settled: "settled"
    }
  }

  static func of(_ state: MemberHold.State) -> String {
    switch state {
    case .preparing: "preparing"
    case .prepared: "prepared"
    case .freezing: "freezing"
    case .held: "held"
    case .thawing: "thawing"
    case .certifying: "certifying"
    case .certified: "certified"
    case .ended: "ended"
    }
  }

  static func of(_ state: CoordinatorCut.State) -> String {
    switch state {
    case .waiting: "waiting"
    case .preparing: "preparing"
    case .freezing: "freezing"
    case .witnessed: "witnessed"
    case .finished: "finished"
    }
  }

  static func of(_ event: MemberHold.Event) -> String {
    switch event {
    case .prepared: "prepared"
    case .prepareFailed: "prepare-failed"
    case .order(let order): kind(order)
    case .holdsTaken: "holds-taken"
    case .holdFailed: "hold-failed"
    case .snapshotsCut: "snapshots-cut"
    case .snapshotFailed: "snapshot-failed"
    case .thawed: "thawed"
    case .certified: "signed"
    case .certifyFailed: "signing-failed"
    case .mustEnd: "must-end"
    case .tick: "tick"
    }
  }

  static func of(_ event: CoordinatorCut.Event) -> String {
    switch event {
    case .tick: "tick"
    case .prepared: "prepared"
    case .refused: "refused"
    case .frozen: "frozen"
    case .cut: "cut"
    case .nack: "nack"
    case .certified: "certified"
    case .rejected: "rejected"
    case .ended: "ended"
    case .unreachable: "unreachable"
    case .cancel: "cancel"
    }
  }
}
