import CutProtocol

/// Short names of states and reports for the census.
enum Naming {
  static func of(_ news: CutReport.News) -> String {
    switch news {
    case .prepared: "prepared"
    case .refused(let refusal): "refused-\(refusal.code.rawValue)"
    case .frozen: "frozen"
    case .nack(let refusal): "nack-\(refusal.code.rawValue)"
    case .certified: "certified"
    case .ended: "ended"
    }
  }

  static func of(_ order: CutOrder) -> String {
    switch order {
    case .prepare: "prepare"
    case .freeze: "freeze"
    case .renew: "renew"
    case .witness: "witness"
    case .abort(_, _, let reason): "abort (\(reason))"
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
}
