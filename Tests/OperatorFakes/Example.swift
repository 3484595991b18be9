package import CoordinatorCore
package import CutProtocol
package import Identity
internal import Crypto
package import Model
internal import X509

/// Fixed values of a small shop on two nodes, and evidence with real signatures.
package enum Example {
  package static let fleet = FleetID(accepted: "prod")
  package static let backup = BackupID(accepted: "shop-20260304-050607")
  package static let plan = PlanName(accepted: "shop")
  package static let orders = ServiceName(accepted: "orders")
  package static let payments = ServiceName(accepted: "payments")
  /// 2026-03-04T05:06:07Z
  package static let start = Timestamp(nanoseconds: 1_772_600_767_000_000_000)

  package static func node(_ number: Int) -> NodeID { NodeID(accepted: "node-\(number)") }

  package static func volume(_ service: ServiceName) -> VolumeRef {
    VolumeRef(
      driver: DriverName(accepted: "local.stillpoint.dev"),
      handle: VolumeHandle(accepted: "vol-\(service)"), publishedAt: "/srv/volumes/\(service)")
  }

  package static func container(_ service: ServiceName) -> ContainerID {
    ContainerID(accepted: "0123456789abcdef-\(service)")
  }

  package static func placement(_ service: ServiceName, on node: NodeID) -> Placement {
    Placement(
      node: node, service: service, container: container(service), containerName: "app",
      pod: "\(service)-0", podUID: "uid-\(service)", namespace: "shop",
      image: "registry.example/\(service):4", imageDigest: "sha256:abc",
      labels: ["app": service.text],
      mounts: [
        ContainerMount(
          containerPath: "/var/lib/\(service)", hostPath: "/run/volumes/\(service)",
          readOnly: false, volume: volume(service))
      ], pid: 4711, startedAt: start, workload: service == orders ? workload : nil)
  }

  /// What a cluster says of the pods of `orders`; of the other services none says anything.
  package static let workload = Workload(
    owner: "StatefulSet/orders",
    claims: [
      Workload.Claim(
        name: "data-orders-0", volume: "pv-7", driver: "local.stillpoint.dev", handle: "vol-orders")
    ], namespaceLabels: ["env": "prod"], environment: .production)

  package static func member(_ service: ServiceName, on node: NodeID) -> MemberPlan {
    MemberPlan(
      name: service, node: node, container: container(service), containerName: "app",
      pod: "\(service)-0", namespace: "shop",
      owner: service == orders ? workload.owner : nil, image: "registry.example/\(service):4",
      imageDigest: "sha256:abc", holds: [.filesystem],
      volumes: [
        MemberVolume(containerPath: "/var/lib/\(service)", volume: volume(service))
      ], dependsOn: [], group: 0, level: 0)
  }

  package static func sealedPlan(requires: Grade = .applicationConsistent) throws -> SealedPlan {
    try SealedPlan(
      CutPlan(
        backup: backup, fleet: fleet, plan: plan, environment: .production, requires: requires,
        policy: .strict, freeze: FreezeLimits(), createdAt: start,
        members: [member(orders, on: node(1)), member(payments, on: node(2))]))
  }

  static let fence = Fence(epoch: 7, cut: 3, attempt: 1)
  static let holds: [ServiceName: HoldID] = [
    orders: HoldID(boot: "b0070001-1111", incarnation: 2, counter: 5),
    payments: HoldID(boot: "b0070002-2222", incarnation: 1, counter: 9),
  ]

  /// A hold that went as it should. `offset` shifts the member's quiesce, to make the two differ.
  package static func statement(
    _ service: ServiceName, on node: NodeID, plan: SealedPlan, heldAt: Timestamp,
    quiesce: Duration
  ) -> HoldStatement {
    let hold = holds[service] ?? HoldID(boot: "none", incarnation: 0, counter: 0)
    let name = SnapshotName(fence: fence, member: service, hold: hold, backup: backup)
    let process = ProcessIdentity(container: container(service), pid: 4711, startTicks: 99)
    let tokens = [StateToken(quiescer: "filesystem", values: ["writes": "17"])]
    return HoldStatement(
      fleet: fleet, backup: backup, planHash: plan.hash, fence: fence, node: node,
      member: service, hold: hold, heldAfter: WitnessVector([:]), witness: WitnessVector(holds),
      steps: HoldSteps(
        quiesceBegan: .milliseconds(1), held: .milliseconds(1) + quiesce,
        frozenSent: .milliseconds(2) + quiesce, witnessReceived: .milliseconds(30),
        thawBegan: .milliseconds(40), thawEnded: .milliseconds(44)),
      fidelity: .full, tokensAtHold: tokens, tokensBeforeThaw: tokens, processAtHold: process,
      processBeforeThaw: process,
      snapshots: [
        SnapshotRecord(
          containerPath: "/var/lib/\(service)", volume: volume(service),
          name: name.text(volume: volume(service).handle),
          handle: SnapshotHandle(accepted: "snap-\(service)"), group: nil, sizeBytes: 64 << 20,
          createdAt: heldAt, readyToUse: true, requested: .milliseconds(2) + quiesce,
          acknowledged: .milliseconds(3) + quiesce)
      ], thaw: ThawEvidence(endedThisHold: true, cause: .complete), heldAt: heldAt)
  }

  package static func statements(plan: SealedPlan, heldAt: Timestamp) -> [HoldStatement] {
    [
      statement(orders, on: node(1), plan: plan, heldAt: heldAt, quiesce: .milliseconds(12)),
      statement(payments, on: node(2), plan: plan, heldAt: heldAt, quiesce: .milliseconds(4)),
    ]
  }

  /// Evidence that earns `application-consistent`, signed by agents of `authority`.
  package static func evidence(
    _ authority: CertificateAuthority, requires: Grade = .applicationConsistent
  ) async throws -> BackupEvidence {
    let plan = try sealedPlan(requires: requires)
    var certificates: [HoldCertificate] = []
    for statement in statements(plan: plan, heldAt: .now()) {
      let key = P256.Signing.PrivateKey()
      let certificate = try authority.issueAgent(
        statement.node, key: Certificate.PublicKey(key.publicKey))
      let credential = try Credential(
        privateKey: key, certificate: certificate, trust: authority.trust)
      let signer = AgentStatementSigner(HeldCredential(credential))
      certificates.append(try await signer.sign(CanonicalJSON.encode(statement)))
    }
    var evidence = BackupEvidence(
      plan: plan.bytes,
      groups: [GroupEvidence(group: 0, fence: fence, certificates: certificates)],
      authorities: [try authorityDER(authority)], recorded: nil)
    evidence.recorded = await Grader.verdict(
      of: evidence,
      verifier: try FleetCertificateVerifier(fleet: fleet, authorities: evidence.authorities))
    return evidence
  }

  package static func record(_ evidence: BackupEvidence?, requires: Grade = .applicationConsistent)
    throws -> BackupRecord
  {
    BackupRecord(
      plan: try sealedPlan(requires: requires), createdBy: "alice",
      verdict: evidence?.recorded, groups: evidence?.groups ?? [],
      endedAt: evidence == nil ? nil : start + .milliseconds(850), deletionBegan: nil, attempts: 1)
  }

  package static func restore(of backup: BackupID, into: String?, by author: String)
    -> RestoreRecord
  {
    RestoreRecord(
      id: RestoreID(accepted: "restore-1"), backup: backup, into: into, createdBy: author,
      createdAt: start, endedAt: nil, state: .running, steps: [])
  }

  package static func nodeStatus(_ number: Int, _ connection: NodeStatus.Connection)
    -> NodeStatus
  {
    NodeStatus(
      record: NodeRecord(
        id: node(number), enrolledAt: start, revokedAt: nil, lastSeen: start + .seconds(60),
        observedThrough: start + .seconds(59), agentVersion: "1.2.3"),
      connection: connection, held: [], troubles: [], placements: 1)
  }

  package static func service(_ name: ServiceName, on node: NodeID) -> ServiceStatus {
    let placement = placement(name, on: node)
    return ServiceStatus(
      service: placement.serviceID, kind: placement.workload?.kind, placements: [placement],
      plans: [plan], lastGood: backup, lastGoodAt: start)
  }

  /// A shop with two services on two nodes.
  package static func shop() -> FakeShop {
    var memory = FakeShop.Memory()
    memory.nodes = [nodeStatus(1, .connected), nodeStatus(2, .away)]
    memory.services = [service(orders, on: node(1)), service(payments, on: node(2))]
    memory.intervals = [
      PlacementInterval(
        placement: placement(orders, on: node(1)), from: start, to: nil, ended: nil),
      PlacementInterval(
        placement: placement(orders, on: node(2)), from: start - .seconds(600),
        to: start - .seconds(5), ended: .exited(code: 0)),
    ]
    memory.unknown = [
      Whereabouts.Gap(node: node(2), from: start - .seconds(5), to: start)
    ]
    memory.audit = [
      AuditEntry(time: start, actor: "alice", action: "plan.apply", object: "shop")
    ]
    return FakeShop(memory)
  }
}
