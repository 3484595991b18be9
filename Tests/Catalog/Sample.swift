import Catalog
import CoordinatorCore
import CutProtocol
import Foundation
import Model
import Testing

/// Runs `body` with a new catalog in a directory of its own, which goes afterwards.
func withCatalog<Value>(_ body: (Catalog) async throws -> Value) async throws -> Value {
  try await withDirectory { directory in
    let catalog = try Catalog(path: directory + "/catalog")
    let value = try await body(catalog)
    try catalog.close()
    return value
  }
}

func withDirectory<Value>(_ body: (String) async throws -> Value) async throws -> Value {
  let directory = FileManager.default.temporaryDirectory
    .appendingPathComponent("catalog-test-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(
    atPath: directory, withIntermediateDirectories: false)
  defer { try? FileManager.default.removeItem(atPath: directory) }
  return try await body(directory)
}

/// The error of a call that must fail.
func failure(
  _ body: () async throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
) async -> CatalogError? {
  do {
    try await body()
    Issue.record("succeeded", sourceLocation: sourceLocation)
    return nil
  } catch let error as CatalogError {
    return error
  } catch {
    Issue.record("threw \(error)", sourceLocation: sourceLocation)
    return nil
  }
}

/// Expects a failure with this code.
func expectFailure(
  _ code: CatalogError.Code, _ body: () async throws -> Void,
  sourceLocation: SourceLocation = #_sourceLocation
) async {
  let error = await failure(body, sourceLocation: sourceLocation)
  #expect(error?.code == code, sourceLocation: sourceLocation)
}

/// Expects a failure with these words.
func expectFailure(
  _ description: String, _ body: () async throws -> Void,
  sourceLocation: SourceLocation = #_sourceLocation
) async {
  let error = await failure(body, sourceLocation: sourceLocation)
  #expect(error?.description == description, sourceLocation: sourceLocation)
}

/// The node was watched through `seconds`, and its journal tells it with its records up to `end`.
func observation(_ seconds: Int64, _ journal: String = "j", end: UInt64) -> JournalObservation {
  JournalObservation(through: time(seconds), journal: journal, end: end)
}

/// `seconds` after an arbitrary start.
func time(_ seconds: Int64) -> Timestamp {
  Timestamp(nanoseconds: 1_790_000_000_000_000_000 + seconds * 1_000_000_000)
}

/// Values with names as short as the tests need them.
enum Sample {
  static let node = NodeID(accepted: "node-1")
  static let other = NodeID(accepted: "node-2")
  static let orders = ServiceName(accepted: "orders")
  static let payments = ServiceName(accepted: "payments")
  static let key = Data(repeating: 7, count: 32)

  static func placement(
    _ container: String, of service: ServiceName = orders, on node: NodeID = node,
    startedAt: Timestamp = time(0), pid: Int32? = 42
  ) -> Placement {
    Placement(
      node: node, service: service, container: ContainerID(accepted: container),
      containerName: "db", pod: "\(service)-0", podUID: "uid", namespace: "shop",
      image: "registry/\(service):4", imageDigest: "sha256:12", labels: ["app": service.text],
      mounts: [
        ContainerMount(
          containerPath: "/data", hostPath: "/var/lib/x", readOnly: false, volume: volume)
      ], pid: pid, startedAt: startedAt)
  }

  static let volume = VolumeRef(
    driver: DriverName(accepted: "csi.example"), handle: VolumeHandle(accepted: "v1"),
    publishedAt: "/mnt/v1")

  static func hello(journal: String, end: UInt64 = 0) -> AgentHello {
    AgentHello(
      version: "1.0", boot: "b", incarnation: 1, highestFence: .none, journalEnd: end,
      journal: journal)
  }

  static func plan(
    _ backup: String = "b1", policy: CutPolicy = .strict, groups: [Int] = [0, 0],
    createdAt: Timestamp = time(0)
  ) throws -> SealedPlan {
    let members = zip([orders, payments], groups).map { name, group in
      MemberPlan(
        name: name, node: node, container: ContainerID(accepted: "c-\(name)"),
        containerName: "db", pod: "p", namespace: "shop", image: "i", imageDigest: "",
        holds: [.filesystem], volumes: [MemberVolume(containerPath: "/data", volume: volume)],
        dependsOn: [], group: group, level: 0)
    }
    return try SealedPlan(
      CutPlan(
        backup: BackupID(accepted: backup), fleet: FleetID(accepted: "fleet"),
        plan: PlanName(accepted: "shop"), environment: .test, requires: .applicationConsistent,
        policy: policy, freeze: FreezeLimits(), createdAt: createdAt, members: members))
  }

  static func certificate(_ text: String, signature: String = "signature") -> HoldCertificate {
    HoldCertificate(
      statement: Data(text.utf8), signature: Data(signature.utf8),
      chain: [Data([0, 1, 0xff]), Data("authority".utf8)])
  }

  static func verdict(_ grade: Grade = .applicationConsistent) -> Verdict {
    Verdict(grade: grade, drained: false, sentence: "all members were held at one instant")
  }

  static func outcome(_ backup: String = "b1", fence: Fence, grade: Grade = .applicationConsistent)
    -> CutOutcome
  {
    CutOutcome(
      backup: BackupID(accepted: backup), verdict: verdict(grade),
      groups: [
        GroupEvidence(
          group: 0, fence: fence,
          certificates: [certificate("payments"), certificate("orders")],
          leftOut: [LeftOut(member: orders, reason: "slow")])
      ], endedAt: time(9))
  }
}

extension Catalog {
  /// Enrols the sample's nodes and begins an epoch.
  @discardableResult
  func prepared() async throws -> UInt64 {
    for node in [Sample.node, Sample.other] {
      try await enrolled(node, publicKeyHash: Sample.key, at: time(0))
    }
    return try await beginEpoch()
  }
}

/// Services in the namespace of the samples.
extension Catalog {
  func history(of service: ServiceName, limit: Int) async throws -> [PlacementInterval] {
    try await history(of: Sample.service(service), limit: limit)
  }

  func whereabouts(of service: ServiceName, at time: Timestamp) async throws -> Whereabouts {
    try await whereabouts(of: Sample.service(service), at: time)
  }
}

extension Sample {
  static func service(_ name: ServiceName) -> ServiceID {
    ServiceID(WorkloadName(name), in: "shop")
  }
}
