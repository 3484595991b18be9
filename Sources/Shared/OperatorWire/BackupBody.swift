package import CutProtocol
package import Model

/// A backup, or the cut that is making it.
package struct BackupBody: Codable, Hashable, Sendable {
  package enum State: String, Codable, Hashable, Sendable {
    /// The cut runs; there is no verdict yet.
    case running
    case ended
    /// Its snapshots are being removed; it can not be restored any more.
    case deleting
  }

  package struct Snapshot: Codable, Hashable, Sendable {
    package var containerPath: String
    package var driver: DriverName
    package var volume: VolumeHandle
    package var snapshot: SnapshotHandle
    package var sizeBytes: Int64
    /// The member whose agent took it, of a volume that several share.
    package var takenBy: ServiceName?

    package init(
      containerPath: String, driver: DriverName, volume: VolumeHandle, snapshot: SnapshotHandle,
      sizeBytes: Int64, takenBy: ServiceName? = nil
    ) {
      self.containerPath = containerPath
      self.driver = driver
      self.volume = volume
      self.snapshot = snapshot
      self.sizeBytes = sizeBytes
      self.takenBy = takenBy
    }
  }

  package struct Member: Codable, Hashable, Sendable {
    package var name: ServiceName
    package var node: NodeID
    package var namespace: String
    /// Kind and name of what its pod belonged to; absent where no cluster had told it when the cut was planned.
    package var owner: String?
    package var group: Int
    /// How long the application was held; absent without a certificate.
    package var windowMilliseconds: Double?
    package var snapshots: [Snapshot]
    /// Why a best-effort cut went on without it.
    package var leftOut: String?

    package init(
      name: ServiceName, node: NodeID, namespace: String, owner: String?, group: Int,
      windowMilliseconds: Double?, snapshots: [Snapshot], leftOut: String?
    ) {
      self.name = name
      self.node = node
      self.namespace = namespace
      self.owner = owner
      self.group = group
      self.windowMilliseconds = windowMilliseconds
      self.snapshots = snapshots
      self.leftOut = leftOut
    }
  }

  /// How long the backup held its applications.
  package struct Window: Codable, Hashable, Sendable {
    /// Of the member that was held longest.
    package var milliseconds: Double
    /// Which one that was; the first by name where several were held equally long.
    package var slowest: ServiceName

    package init(milliseconds: Double, slowest: ServiceName) {
      self.milliseconds = milliseconds
      self.slowest = slowest
    }

    /// Of all members' windows; nil where none is known.
    package init?(_ windows: [(member: ServiceName, milliseconds: Double)]) {
      guard
        let longest = windows.max(by: {
          ($0.milliseconds, $1.member) < ($1.milliseconds, $0.member)
        })
      else { return nil }
      self.init(milliseconds: longest.milliseconds, slowest: longest.member)
    }
  }

  package var id: BackupID
  package var plan: PlanName
  package var environment: Environment
  package var requires: Grade
  package var policy: CutPolicy
  package var createdAt: Timestamp
  package var createdBy: String
  package var endedAt: Timestamp?
  package var state: State
  /// What has to end before its cut begins, for people; absent once its turn has come.
  package var waitsFor: String?
  package var attempts: Int
  /// Absent while the cut runs.
  package var verdict: Verdict?
  /// Whether it earned what its plan requires; absent while the cut runs.
  package var meetsPlan: Bool?
  /// Absent while no member has given its certificate.
  package var window: Window?
  package var members: [Member]
  /// Absent for a backup that was taken without looking at a cluster's objects.
  package var manifests: ManifestSummaryBody?

  package init(
    id: BackupID, plan: PlanName, environment: Environment, requires: Grade, policy: CutPolicy,
    createdAt: Timestamp, createdBy: String, endedAt: Timestamp?, state: State,
    waitsFor: String? = nil,
    attempts: Int, verdict: Verdict?, meetsPlan: Bool?, members: [Member],
    manifests: ManifestSummaryBody? = nil
  ) {
    self.id = id
    self.plan = plan
    self.environment = environment
    self.requires = requires
    self.policy = policy
    self.createdAt = createdAt
    self.createdBy = createdBy
    self.endedAt = endedAt
    self.state = state
    self.waitsFor = waitsFor
    self.attempts = attempts
    self.verdict = verdict
    self.meetsPlan = meetsPlan
    self.window = Window(
      members.compactMap { member in
        member.windowMilliseconds.map { (member: member.name, milliseconds: $0) }
      })
    self.members = members
    self.manifests = manifests
  }
}

/// One line of a backup's log; also the data of a progress event.
package struct LogLine: Codable, Hashable, Sendable {
  package var time: Timestamp
  package var member: ServiceName?
  package var text: String

  package init(time: Timestamp, member: ServiceName?, text: String) {
    self.time = time
    self.member = member
    self.text = text
  }
}

/// One snapshot of a backup, and whether it is still there: `GET /v1/backups/{backup}/snapshots`.
package struct SnapshotStandingBody: Codable, Hashable, Sendable {
  package enum State: String, Codable, Hashable, Sendable {
    case there, missing, unknown
  }

  package var member: ServiceName
  package var node: NodeID
  package var containerPath: String
  package var driver: DriverName
  package var snapshot: SnapshotHandle
  package var state: State
  /// Why it is unknown.
  package var reason: String?

  package init(
    member: ServiceName, node: NodeID, containerPath: String, driver: DriverName,
    snapshot: SnapshotHandle, state: State, reason: String?
  ) {
    self.member = member
    self.node = node
    self.containerPath = containerPath
    self.driver = driver
    self.snapshot = snapshot
    self.state = state
    self.reason = reason
  }
}
