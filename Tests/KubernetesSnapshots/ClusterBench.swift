import AgentCore
import ClusterTesting
import CutProtocol
import KubernetesClient
import Logging
import Model
import Snapshots

@testable import KubernetesSnapshots

/// A cluster with a snapshot controller, and the provider under test on one of its nodes.
struct ClusterBench: Sendable {
  static let driver = DriverName(accepted: "hostpath.csi.k8s.io")
  static let namespace = "shop"

  let api: APIServer
  let cluster: ClusterSnapshots
  let driver: TestDriver

  /// A limit that only a test that hangs reaches.
  static let generous = Duration.seconds(30)

  /// On a machine that does much else meanwhile.
  static var patient: ClusterSettings {
    var settings = ClusterSettings()
    settings.controllerAnswer = generous
    settings.deletion = generous
    return settings
  }

  /// `rate` is how many requests a second the controller may make; nil for one that does not run.
  static func with(
    rate: Double? = 1000, settings: ClusterSettings = patient,
    agent: TestUser? = nil, _ body: @escaping @Sendable (ClusterBench) async throws -> Void
  ) async throws {
    let users: [String: TestUser] =
      if let agent { ["agent": agent, "controller": .admin] } else { [:] }
    try await TestCluster.with(APIServer(users: users)) { server in
      var logger = Logger(label: "test", factory: StreamLogHandler.standardError(label:))
      logger.logLevel = .critical
      var options = ClientOptions()
      options.fieldManager = "snapshot-controller"
      if let rate {
        options.usual = .init(perSecond: rate, burst: Int(max(10, rate)), connections: 8)
      }
      let own = try server.access(token: agent == nil ? nil : "agent")
      let other = try server.access(token: agent == nil ? nil : "controller")
      let client = KubernetesClient(own, logger: logger)
      let controller = KubernetesClient(other, options: options, logger: logger)
      let sidecar = KubernetesClient(other, options: options, logger: logger)
      let bench = ClusterBench(
        api: server.api,
        cluster: ClusterSnapshots(client: client, settings: settings, logger: logger),
        driver: TestDriver())
      await bench.furnish()
      let outcome = await bench.beside(
        rate == nil
          ? nil : TestController(controller: controller, sidecar: sidecar, driver: bench.driver),
        body)
      for client in [client, controller, sidecar] { await client.close() }
      try outcome.get()
    }
  }

  private func beside(
    _ controller: TestController?, _ body: @Sendable (ClusterBench) async throws -> Void
  ) async -> Result<Void, any Error> {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await cluster.run() }
      if let controller { group.addTask { await controller.run() } }
      defer { group.cancelAll() }
      do {
        return .success(try await body(self))
      } catch {
        return .failure(error)
      }
    }
  }

  private func furnish() async {
    await api.put(KubernetesObject(.namespaces, name: Self.namespace), as: .namespaces)
    await snapshotClass("usual", isDefault: true)
  }

  func snapshotClass(_ name: String, isDefault: Bool = false, policy: String = "Delete") async {
    let type = ResourceType.volumeSnapshotClasses
    await api.put(
      KubernetesObject(
        type, name: name,
        annotations: isDefault
          ? ["snapshot.storage.kubernetes.io/is-default-class": "true"] : [:],
        fields: ["driver": .string(Self.driver.text), "deletionPolicy": .string(policy)]),
      as: type)
  }

  func groupClass() async {
    let type = SnapshotTypes.Groups(version: "v1").classes
    await api.put(
      KubernetesObject(
        type, name: "together",
        fields: ["driver": .string(Self.driver.text), "deletionPolicy": "Delete"]), as: type)
  }

  /// A claim that is bound, and its volume as a member of a plan has it.
  func claim(
    _ name: String, modes: [String] = ["ReadWriteOnce"], volumeMode: String = "Filesystem",
    annotations: [String: String] = [:]
  ) async -> MemberVolume {
    let handle = "handle-\(name)"
    let volume = "pvc-\(name)"
    let claim = await api.put(
      KubernetesObject(
        .persistentVolumeClaims, name: name, namespace: Self.namespace, annotations: annotations,
        fields: [
          "spec": [
            "volumeName": .string(volume), "accessModes": .array(modes.map { .string($0) }),
          ],
          "status": ["phase": "Bound"],
        ]), as: .persistentVolumeClaims)
    await api.put(
      KubernetesObject(
        .persistentVolumes, name: volume,
        fields: [
          "spec": [
            "csi": ["driver": .string(Self.driver.text), "volumeHandle": .string(handle)],
            "volumeMode": .string(volumeMode),
            "claimRef": [
              "name": .string(name), "namespace": .string(Self.namespace),
              "uid": .string(claim.uid ?? ""),
            ],
          ],
          "status": ["phase": "Bound"],
        ]), as: .persistentVolumes)
    return Self.member(name)
  }

  static func member(_ name: String) -> MemberVolume {
    MemberVolume(
      containerPath: "/data/\(name)",
      volume: VolumeRef(
        driver: driver, handle: VolumeHandle(accepted: "handle-\(name)"),
        publishedAt: "/var/lib/kubelet/pods/p/volumes/kubernetes.io~csi/pvc-\(name)/mount"))
  }

  static func name(_ counter: UInt64 = 1) -> SnapshotName {
    SnapshotName(
      fence: Fence(epoch: 1, cut: counter, attempt: 1), member: ServiceName(accepted: "orders"),
      hold: HoldID(boot: "01234567-89ab", incarnation: 1, counter: counter),
      backup: BackupID(accepted: "b-\(counter)"))
  }

  static func planned(
    _ volumes: [MemberVolume], others: [ServiceName: [MemberVolume]] = [:],
    forOthers: [MemberVolume] = [], counter: UInt64 = 1,
    budget: Duration = .seconds(60), cap: Duration = generous,
    rules: SnapshotRules = SnapshotRules()
  ) -> PlannedCut {
    var all = others
    all[ServiceName(accepted: "orders")] = volumes
    return PlannedCut(
      name: name(counter), volumes: all, forOthers: forOthers, budget: budget, cap: cap,
      rules: rules)
  }

  @discardableResult
  func prepare(_ volumes: [MemberVolume], _ cut: PlannedCut? = nil) async throws
    -> SnapshotReadiness
  {
    let cut = cut ?? Self.planned(volumes)
    let sorted = try await cluster.sorted(volumes + cut.forOthers)
    return try await cluster.prepare(sorted.claimed, for: cut)
  }

  func cut(_ counter: UInt64 = 1) async throws -> [SnapshotRecord] {
    let begun = ContinuousClock.now
    return try await cluster.cut(Self.name(counter)) { ContinuousClock.now - begun }
  }

  func snapshots() async -> [KubernetesObject] { await api.objects(.volumeSnapshots) }

  /// Waits until `condition` holds, as long as a test may take.
  func eventually(_ condition: () async -> Bool) async -> Bool {
    let deadline = ContinuousClock.now + Self.generous
    while ContinuousClock.now < deadline {
      if await condition() { return true }
      guard (try? await Task.sleep(for: .milliseconds(10))) != nil else { return false }
    }
    return false
  }
}
