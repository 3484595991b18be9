import CoordinatorCore
import CutProtocol
import Model
import Testing

/// Volumes that several containers have mounted, as shared filesystems and the containers of a pod do.
struct VolumeSharingTests {
  private func plan(_ plan: BackupPlan, _ running: [Placement]) throws -> CutPlan {
    try CutPlanner.plan(
      plan, running: running, backup: BackupID("b-1"), fleet: FleetID("fleet"),
      at: Timestamp(nanoseconds: 0))
  }

  /// A container that has the volume of orders at `/shared`, where its own node published it.
  private func sharer(_ service: String, readOnly: Bool = false) throws -> Placement {
    var placement = try Shop.placement(service)
    let shared = try #require(Shop.placement("orders").mounts.first?.volume)
    placement.mounts = [
      ContainerMount(
        containerPath: "/shared", hostPath: "/volumes/\(service)/mount", readOnly: readOnly,
        volume: VolumeRef(
          driver: shared.driver, handle: shared.handle, publishedAt: "/volumes/\(service)/mount"))
    ]
    return placement
  }

  private func shop(
    _ services: [String] = ["orders", "payments"], policy: CutPolicy = .strict
  ) throws -> BackupPlan {
    var plan = try Shop.plan(policy: policy, services: services)
    for index in plan.services.indices {
      plan.services[index].holds = [.command(CommandHold(pre: ["/pause"], post: [], fences: true))]
      plan.services[index].dependsOn = []
    }
    return plan
  }

  @Test func `one of the services that share a volume is its delegate`() throws {
    let running = try [Shop.placement("orders"), sharer("payments"), Shop.placement("mail")]
    let cut = try plan(shop(["mail", "orders", "payments"]), running)
    let orders = try ServiceName("orders")
    #expect(cut.members.map { $0.volumes.map(\.delegate) } == [[nil], [orders], [orders]])
    #expect(cut.members.map { $0.ownCuts.count } == [1, 1, 0])
    #expect(cut.members.map { $0.entrusted.map(\.containerPath) } == [[], [], ["/shared"]])
  }

  @Test func `those who share a volume are one group`() throws {
    let running = try [Shop.placement("orders"), sharer("payments"), Shop.placement("mail")]
    let cut = try plan(shop(["mail", "orders", "payments"], policy: .groups), running)
    #expect(cut.members.map(\.group) == [0, 1, 1])
  }

  @Test func `a filesystem is not frozen under another service`() throws {
    var shop = try shop()
    shop.services[1].holds.append(.filesystem)
    let error = #expect(throws: OperationError.self) {
      try plan(shop, [try Shop.placement("orders"), try sharer("payments")])
    }
    #expect(
      error?.message.contains(
        "orders and payments share volume vol-orders, which 'filesystem' of payments would freeze"
      ) == true)
  }

  @Test func `a service that writes to the volume of another has to wait for its cut`() throws {
    var shop = try shop()
    shop.services[1].volumes = .none
    let error = #expect(throws: OperationError.self) {
      try plan(shop, [try Shop.placement("orders"), try sharer("payments")])
    }
    #expect(
      error?.message.contains(
        "service payments mounts volume vol-orders of orders at /shared: name that path") == true)
    let reader = try plan(
      shop, [try Shop.placement("orders"), try sharer("payments", readOnly: true)])
    #expect(reader.members.map { $0.volumes.map(\.delegate) } == [[nil], []])
  }

  @Test func `whoever else may write to a volume is named in the plan of the cut`() throws {
    let others = try [sharer("indexer"), sharer("reader", readOnly: true)]
    var sidecar = try sharer("sidecar")
    sidecar.podUID = try Shop.placement("orders").podUID
    let cut = try plan(shop(["orders"]), [try Shop.placement("orders"), sidecar] + others)
    #expect(cut.members.map { $0.volumes.map(\.unheldWriters) } == [[["shop/indexer"]]])
  }

  @Test func `a shared volume is cut once, while all are held, and named by all`() async throws {
    try await withCoordinator { coordinator in
      try await coordinator.stock(["orders"], plan: shop())
      let other = try sharer("payments")
      try await coordinator.enrol(other)
      let record = try await coordinator.backUp()
      #expect(record.verdict?.grade == .applicationConsistent, "\(record.verdict as Any)")
      let snapshots = try record.groups[0].certificates.map { try $0.decoded().snapshots }
      #expect(Set(snapshots.joined().map(\.handle.text)) == ["snap-vol-orders"])
      #expect(snapshots.map { $0.map(\.takenBy?.text) } == [[nil], ["orders"]])
      let kinds = coordinator.fleet.orders.map { FakeFleet.kind($0) }
      #expect(kinds.filter { $0 == "cut" }.count == 1)

      let id = record.plan.plan.backup
      let error = await #expect(throws: OperationError.self) {
        try await coordinator.restores.createRestore(
          RestoreRequest(backup: id, services: [], into: nil, acceptUnproven: false), author: "test"
        )
      }
      #expect(error?.message.contains("cannot be put back in place service by service") == true)
      let restore = try await coordinator.restores.createRestore(
        RestoreRequest(
          backup: id, services: [], into: "/srv/copy", acceptUnproven: false), author: "test")
      #expect(restore.steps.map(\.source.handle.text) == ["snap-vol-orders", "snap-vol-orders"])
    }
  }

  @Test func `volumes of a namespace and driver have one delegate where the plan wants one group`()
    async throws
  {
    var plan = try Shop.plan()
    plan.snapshots = SnapshotRules(acrossServices: true)
    try await withCoordinator { [plan] coordinator in
      try await coordinator.stock(plan: plan)
      let record = try await coordinator.backUp()
      #expect(
        record.plan.plan.members.map { $0.volumes.map(\.delegate?.text) } == [
          ["orders"], ["orders"],
        ])
      #expect(record.verdict?.grade == .applicationConsistent, "\(record.verdict as Any)")
      let statements = try record.groups[0].certificates.map { try $0.decoded() }
      #expect(
        statements.map { $0.snapshots.map(\.handle.text) } == [
          ["snap-vol-orders"], ["snap-vol-payments"],
        ])
      #expect(statements[0].snapshotsForOthers?.map(\.handle.text) == ["snap-vol-payments"])
      let found = try await coordinator.backups.presence(of: record.plan.plan.backup)
      #expect(
        Set(found.map(\.reference.snapshot.text)) == ["snap-vol-orders", "snap-vol-payments"])
    }
    var elsewhere = try Shop.placement("payments")
    elsewhere.namespace = "other"
    let apart = try self.plan(plan, [try Shop.placement("orders"), elsewhere])
    #expect(apart.members.map { $0.volumes.map(\.delegate) } == [[nil], [nil]])
  }
}
