package import CutProtocol
internal import Model

// The words of the scenario files, for everything that can happen.

extension NodeModel.Step {
  package var words: String {
    switch self {
    case .order(let order, _): "\(order.word) arrives" + Self.suffix(order.fence)
    case .becomesReady(let fence): "is prepared" + Self.suffix(fence)
    case .cannotPrepare(let fence): "cannot be prepared" + Self.suffix(fence)
    case .isHeld(let fence): "is held" + Self.suffix(fence)
    case .cannotHold(let fence): "cannot be held" + Self.suffix(fence)
    case .snapshotsAnswered(let fence): "snapshots are cut" + Self.suffix(fence)
    case .snapshotsFail(let fence): "snapshots fail" + Self.suffix(fence)
    case .isReleased(let fence): "is released" + Self.suffix(fence)
    case .signs(let fence): "signs" + Self.suffix(fence)
    case .cannotSign(let fence): "cannot sign" + Self.suffix(fence)
    case .deletes(let fence): "deletes its snapshots" + Self.suffix(fence)
    case .closes(let fence): "closes the attempt" + Self.suffix(fence)
    case .timeIsUp(let fence): "time is up" + Self.suffix(fence)
    case .crashes(false): "crashes"
    case .crashes(true): "crashes with its certificate stored"
    case .thawedByOther(let fence): "is thawed by somebody else" + Self.suffix(fence)
    case .refrozenByOther(let fence): "is thawed and frozen by somebody else" + Self.suffix(fence)
    case .guardianGone: "loses its guardian"
    }
  }

  /// The first attempt is not named.
  static func suffix(_ fence: Fence) -> String {
    fence.attempt == 1 ? "" : " of attempt \(fence.attempt)"
  }
}

extension CoordinatorModel.Step {
  package var words: String {
    switch self {
    case .timeIsUp: "time is up"
    case .renews: "renews"
    case .hears(let report, _):
      "hears \(report.news.word) from \(report.member)" + NodeModel.Step.suffix(report.fence)
    case .commits: "commits"
    case .secondStarts(false): "crashes and starts again"
    case .secondStarts(true): "is replaced and goes on"
    case .recoveryEnds: "decides"
    case .cancels: "is cancelled"
    case .cannotReach(let member): "cannot reach \(member)"
    }
  }

  /// Whose step it is.
  package var actor: String {
    switch self {
    case .hears(_, 2), .recoveryEnds: "second"
    default: "coordinator"
    }
  }
}

extension CutOrder {
  package var word: String {
    switch self {
    case .prepare: "prepare"
    case .freeze: "freeze"
    case .renew: "renew"
    case .witness: "witness"
    case .cut: "cut"
    case .abort: "abort"
    case .query: "query"
    case .settled: "settled"
    }
  }
}

extension CutReport.News {
  package var word: String {
    switch self {
    case .prepared: "prepared"
    case .refused(let refusal): "refused (\(refusal.code.rawValue))"
    case .frozen: "frozen"
    case .cut: "cut"
    case .nack(let refusal): "nack (\(refusal.code.rawValue))"
    case .certified: "certified"
    case .ended: "ended"
    }
  }
}

extension MemberHold.Action {
  /// Nil for reports, which have words of their own.
  var word: String? {
    switch self {
    case .report, .announceCut: nil
    case .takeHolds: "take the holds"
    case .cutSnapshots: "cut the snapshots"
    case .renewGuardian: "renew"
    case .thaw(let cause): "thaw (\(cause.rawValue.replacing("-", with: " ")))"
    case .certify: "sign"
    case .discard: "let go"
    case .cleanUp: "clean up"
    case .forget: "forget"
    }
  }
}

extension CoordinatorCut.Action {
  /// Nil for orders, which have words of their own, and for remarks.
  var word: String? {
    switch self {
    case .begin(let fence, _): "store attempt \(fence.attempt)"
    case .keep(_, _, let member): "store certificate of \(member)"
    case .finish(.evidence): "conclude"
    case .finish(.failed): "give up"
    case .send, .log: nil
    }
  }
}
