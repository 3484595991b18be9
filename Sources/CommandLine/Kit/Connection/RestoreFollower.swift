package import Model
package import OperatorWire

/// Asks for a restore until it has ended.
package struct RestoreFollower: Sendable {
  static let pause = Duration.milliseconds(500)
  /// How long the coordinator may stay away before following is given up.
  static let longestAbsence = Duration.seconds(120)

  var client: CoordinatorClient
  var id: RestoreID

  package init(client: CoordinatorClient, id: RestoreID) {
    self.client = client
    self.id = id
  }

  /// Hands every step to `show` once it is done. Throws when the coordinator stays away or refuses.
  package func follow(
    _ show: (RestoreBody, [RestoreBody.Step]) -> Void
  ) async throws -> RestoreBody {
    var shown: Set<RestoreBody.Step> = []
    var lost: ContinuousClock.Instant?
    while true {
      do {
        let restore: RestoreBody = try await client.get("/v1/restores/\(id)")
        lost = nil
        let fresh = restore.steps.filter { $0.restored != nil && !shown.contains($0) }
        shown.formUnion(fresh)
        show(restore, fresh)
        if restore.state != .running { return restore }
      } catch let failure as CommandFailure where failure.kind == .unreachable {
        let since = lost ?? .now
        lost = since
        guard ContinuousClock.now - since < Self.longestAbsence else { throw failure }
      }
      try await ContinuousClock().sleep(for: Self.pause)
    }
  }
}
