package import Model

/// What one cut is about to do, complete and durable before its first message.
///
/// Its encoded bytes are hashed once; every certificate carries that hash, so a backup can be judged
/// against the plan it was taken for and against no other.
package struct CutPlan: Hashable, Codable, Sendable {
  package var backup: BackupID
  package var fleet: FleetID
  package var plan: PlanName
  package var environment: Environment
  package var requires: Grade
  package var policy: CutPolicy
  package var freeze: FreezeLimits
  package var createdAt: Timestamp
  /// Sorted by name; each name once, at most `mostMembers`.
  package var members: [MemberPlan]
  /// What was asked for of the cluster's other objects, which is no part of what is graded; nil where nothing was said.
  package var manifests: ManifestRules?
  /// By which classes a cluster makes the snapshots; nil where nothing was said.
  package var snapshots: SnapshotRules?

  /// More members than a witness may carry over the wire.
  package static let mostMembers = 1024

  package init(
    backup: BackupID, fleet: FleetID, plan: PlanName, environment: Environment, requires: Grade,
    policy: CutPolicy, freeze: FreezeLimits, createdAt: Timestamp, members: [MemberPlan],
    manifests: ManifestRules? = nil, snapshots: SnapshotRules? = nil
  ) {
    self.backup = backup
    self.fleet = fleet
    self.plan = plan
    self.environment = environment
    self.requires = requires
    self.policy = policy
    self.freeze = freeze
    self.createdAt = createdAt
    self.members = members
    self.manifests = manifests
    self.snapshots = snapshots
  }

  package func member(_ name: ServiceName) -> MemberPlan? { members.first { $0.name == name } }

  /// Volumes of other members alone whose snapshots this member's agent takes with its own, in one group.
  package func cutsForOthers(by delegate: MemberPlan) -> [MemberVolume] {
    var known = Set(delegate.volumes.map(\.volume.identity))
    return members.filter { $0.name != delegate.name }.flatMap(\.volumes).filter {
      $0.delegate == delegate.name && known.insert($0.volume.identity).inserted
    }
  }
}

/// One service instance that takes part in a cut: its container, its holds, its volumes, on one node.
package struct MemberPlan: Hashable, Codable, Sendable {
  /// The service's name; a plan has one member per service.
  package var name: ServiceName
  package var node: NodeID
  package var container: ContainerID
  package var containerName: String
  package var pod: String
  package var namespace: String
  /// Kind and name of what the pod belongs to, for example `Deployment/orders`; nil where no cluster had told it when the
  /// cut was planned.
  package var owner: String?
  package var image: String
  package var imageDigest: String
  package var holds: [HoldSpec]
  package var volumes: [MemberVolume]
  package var dependsOn: [ServiceName]
  /// Which cut of the backup the member belongs to: 0 for all unless the policy is `groups`.
  package var group: Int
  /// 0 for members that depend on none of the plan; those that depend on others are above them, and are frozen first when draining.
  package var level: Int
  /// What a restore runs once the member's service runs again; no part of the cut. Nil stands for nothing.
  package var afterRestore: [RestoreHook]?

  package init(
    name: ServiceName, node: NodeID, container: ContainerID, containerName: String, pod: String,
    namespace: String, owner: String? = nil, image: String, imageDigest: String,
    holds: [HoldSpec], volumes: [MemberVolume], dependsOn: [ServiceName], group: Int, level: Int,
    afterRestore: [RestoreHook]? = nil
  ) {
    self.name = name
    self.node = node
    self.container = container
    self.containerName = containerName
    self.pod = pod
    self.namespace = namespace
    self.owner = owner
    self.image = image
    self.imageDigest = imageDigest
    self.holds = holds
    self.volumes = volumes
    self.dependsOn = dependsOn
    self.group = group
    self.level = level
    self.afterRestore = afterRestore
  }
}

extension MemberPlan {
  /// The volumes whose snapshots this member's own agent takes.
  package var ownCuts: [MemberVolume] {
    volumes.filter { $0.delegate == nil || $0.delegate == name }
  }

  /// The volumes whose snapshots another member's agent takes.
  package var entrusted: [MemberVolume] {
    volumes.filter { $0.delegate != nil && $0.delegate != name }
  }

  /// Whether others wait for what this member's agent cuts.
  package var isDelegate: Bool { volumes.contains { $0.delegate == name } }
}

/// A volume that a member's cut must snapshot.
package struct MemberVolume: Hashable, Codable, Sendable {
  /// Where the container sees it.
  package var containerPath: String
  package var volume: VolumeRef
  /// Of a volume that several members have, or that is cut in one group with those of others: the member whose agent takes the
  /// snapshot, after the witness and for all of them. Nil for a volume that is cut by itself.
  package var delegate: ServiceName?
  /// Who else could write to it when the cut was planned and takes no part in it, `NAMESPACE/POD`; nil when nobody was known.
  package var unheldWriters: [String]?

  package init(
    containerPath: String, volume: VolumeRef, delegate: ServiceName? = nil,
    unheldWriters: [String]? = nil
  ) {
    self.containerPath = containerPath
    self.volume = volume
    self.delegate = delegate
    self.unheldWriters = unheldWriters
  }
}
