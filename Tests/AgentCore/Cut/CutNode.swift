import AgentCore
import CutProtocol
import Foundation
import Model
import Testing

/// One node with its ledger and the ports of its cut service; the service itself can be started again and again.
struct CutNode: Sendable {
  static let orders = ServiceName(accepted: "orders")
  static let payments = ServiceName(accepted: "payments")
  static let lease = Duration.seconds(3)

  /// What holds find out after their release.
  var finding: String?
  /// What releases leave under way.
  var leaving = FakeHold.Leaving.nothing
  /// Where releases stop.
  var releasing = Gate()
  let clock = ManualClock()
  let log = CallLog()
  let quiesce = Gate()
  let runtime = FakeRuntime()
  let records = FakeRecords()
  let reports = FakeReports()
  let ledgerFile = MemoryFile()
  let snapshots: FakeSnapshots
  let guardian: FakeGuardian

  init() {
    snapshots = FakeSnapshots(log: log)
    guardian = FakeGuardian(log: log)
    for name in ["orders", "payments"] {
      runtime.put(
        ObservedContainer(
          id: ContainerID(accepted: "c-\(name)"), name: name, pod: name, podUID: "uid-\(name)",
          namespace: "shop", image: "i", imageDigest: "", labels: [:],
          mounts: [
            ContainerMount(
              containerPath: "/data", hostPath: "/v/\(name)", readOnly: false,
              volume: Self.volume(name))
          ], startedAt: Timestamp(nanoseconds: 0), state: .running(pid: 100)))
    }
  }

  static func volume(_ name: String) -> VolumeRef {
    VolumeRef(
      driver: DriverName(accepted: "local.test"), handle: VolumeHandle(accepted: "v-\(name)"),
      publishedAt: "/v/\(name)")
  }

  static func fence(_ attempt: UInt32, cut: UInt64 = 1) -> Fence {
    Fence(epoch: 1, cut: cut, attempt: attempt)
  }

  /// Runs a service on this node while `body` runs, and stops it afterwards. Unless something is
  /// `left` on purpose, nothing is recorded or watched then.
  func serving(left: Bool = false, _ body: (CutService) async throws -> Void) async throws {
    let ledger = try AgentLedger(file: ledgerFile, boot: "boot")
    let service = CutService(
      environment: CutEnvironment(
        node: NodeID(accepted: "node-1"), runtime: runtime,
        quiescer: FakeQuiescer(
          log: log, gate: quiesce, finding: finding, leaving: leaving,
          releasing: releasing),
        snapshots: snapshots, guardian: guardian, rescues: records, signer: FakeSigner(),
        reports: reports,
        identify: { ProcessIdentity(container: $0, pid: $1, startTicks: 7) }, clock: clock,
        logger: silentLogger), ledger: ledger)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await service.run() }
      let result = await Result { try await body(service) }
      await stop(service)
      try result.get()
    }
    guard !left else { return }
    #expect(records.holds == [], "nothing is recorded as held any more")
    #expect(guardian.armed == [], "nothing is armed any more")
  }

  /// Stopping waits for holds to end, and so needs a clock that goes on.
  func stop(_ service: CutService) async {
    await withTaskGroup(of: Bool.self) { group in
      group.addTask {
        await service.stop()
        return true
      }
      group.addTask {
        while !Task.isCancelled {
          clock.advance(by: .milliseconds(20))
          await Task.yield()
        }
        return false
      }
      while let isStopped = await group.next(), !isStopped {}
      group.cancelAll()
    }
  }

  // MARK: Orders

  func prepare(
    _ service: CutService, _ fence: Fence, _ name: ServiceName = orders,
    volume: String? = nil
  ) async throws {
    let member = MemberPlan(
      name: name, node: NodeID(accepted: "node-1"),
      container: ContainerID(accepted: "c-\(volume ?? name.text)"), containerName: name.text,
      pod: name.text, namespace: "shop", image: "i", imageDigest: "", holds: [.filesystem],
      volumes: [MemberVolume(containerPath: "/data", volume: Self.volume(volume ?? name.text))],
      dependsOn: [], group: 0, level: 0)
    let plan = try SealedPlan(
      CutPlan(
        backup: BackupID(accepted: "shop-\(fence.cut)"), fleet: FleetID(accepted: "fleet"),
        plan: PlanName(accepted: "shop"), environment: .test, requires: .applicationConsistent,
        policy: .strict, freeze: FreezeLimits(), createdAt: Timestamp(nanoseconds: 0),
        members: [member]))
    await service.handle(
      .prepare(fence: fence, member: name, plan: plan.bytes, lease: Self.lease))
  }

  func freeze(_ service: CutService, _ fence: Fence, _ name: ServiceName = orders) async {
    await service.handle(.freeze(fence: fence, member: name, after: WitnessVector([:])))
  }

  func witness(_ service: CutService, _ fence: Fence, _ hold: HoldID) async {
    await service.handle(
      .witness(fence: fence, member: Self.orders, vector: WitnessVector([Self.orders: hold])))
  }

  /// Prepares and freezes; the hold that was reported.
  func held(
    _ service: CutService, _ fence: Fence, _ name: ServiceName = orders
  ) async throws -> HoldID {
    let hold = try await prepared(service, fence, name)
    await freeze(service, fence, name)
    try await eventually("\(name) is held") { news(fence, name).contains(.frozen(hold)) }
    return hold
  }

  /// Prepares; the hold that was named.
  func prepared(
    _ service: CutService, _ fence: Fence, _ name: ServiceName = orders
  ) async throws -> HoldID {
    try await prepare(service, fence, name)
    try await eventually("\(name) is prepared") { preparedHold(fence, name) != nil }
    return try #require(preparedHold(fence, name))
  }

  // MARK: Answers

  /// Waits for what needs a clock that goes on, such as a pause before something is tried again.
  func advancing(_ what: Comment, _ condition: () async throws -> Bool) async throws {
    try await eventually(what) {
      if try await condition() { return true }
      clock.advance(by: .milliseconds(10))
      return false
    }
  }

  func news(_ fence: Fence, _ name: ServiceName = orders) -> [CutReport.News] {
    reports.all.filter { $0.fence == fence && $0.member == name }.map(\.news)
  }

  private func preparedHold(_ fence: Fence, _ name: ServiceName) -> HoldID? {
    for case .prepared(let hold, _) in news(fence, name) { return hold }
    return nil
  }

  /// The epochs to which certificates were given.
  func obeyed(_ fence: Fence) -> [UInt64] {
    reports.all.compactMap { report in
      if report.fence == fence, case .certified = report.news { report.obeyed } else { nil }
    }
  }

  func certificate(_ fence: Fence) -> HoldCertificate? {
    for case .certified(let certificate) in news(fence) { return certificate }
    return nil
  }

  func refusals(_ fence: Fence, _ name: ServiceName = orders) -> [Refusal] {
    news(fence, name).compactMap {
      switch $0 {
      case .refused(let refusal), .nack(let refusal): refusal
      default: nil
      }
    }
  }

  func endings(_ fence: Fence, _ name: ServiceName = orders) -> [String] {
    news(fence, name).compactMap { if case .ended(let reason) = $0 { reason } else { nil } }
  }
}

extension Result where Failure == any Error {
  fileprivate init(_ body: () async throws -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}
