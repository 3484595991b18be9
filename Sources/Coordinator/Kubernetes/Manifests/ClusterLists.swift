internal import Synchronization

/// Whether lists of the whole cluster are allowed, as far as was learnt. Rights differ by kind, so one refusal says little.
final class ClusterLists: Sendable {
  /// Refusals without a single permission after which each namespace is asked at once.
  private static let enough = 8
  private let learnt = Mutex((allowed: 0, refused: 0))

  var areWorthTrying: Bool { learnt.withLock { $0.allowed > 0 || $0.refused < Self.enough } }

  func note(isAllowed: Bool) {
    learnt.withLock { learnt in
      if isAllowed { learnt.allowed += 1 } else { learnt.refused += 1 }
    }
  }
}
