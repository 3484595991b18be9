package import CutProtocol
package import Model

/// What a provider of snapshots is told about a cut before it comes.
package struct PlannedCut: Hashable, Sendable {
  /// What the snapshots of this member will be called.
  package var name: SnapshotName
  /// What is cut for each member of the plan, all at about the same time.
  package var volumes: [ServiceName: [MemberVolume]]
  /// Volumes of other members that are cut with this one's, in one group.
  package var forOthers: [MemberVolume]
  /// The member's volumes whose snapshots another member's agent takes; nothing is to be prepared for them.
  package var entrusted: [MemberVolume]
  /// The longest window that may be predicted.
  package var budget: Duration
  /// The longest that the member can be held.
  package var cap: Duration
  /// By which classes the plan wants the snapshots made.
  package var rules: SnapshotRules

  package init(
    name: SnapshotName, volumes: [ServiceName: [MemberVolume]], forOthers: [MemberVolume] = [],
    entrusted: [MemberVolume] = [],
    budget: Duration, cap: Duration,
    rules: SnapshotRules = SnapshotRules()
  ) {
    self.name = name
    self.volumes = volumes
    self.forOthers = forOthers
    self.entrusted = entrusted
    self.budget = budget
    self.cap = cap
    self.rules = rules
  }

  /// Another member of the plan that has the same volume; nil when this member is its only one.
  package func otherMember(with volume: VolumeRef) -> ServiceName? {
    volumes.lazy.filter { other, volumes in
      other != name.member
        && volumes.contains { $0.volume.identity == volume.identity }
    }.map(\.key).min()
  }
}

/// What is known about a cut's snapshots before it is taken.
package struct SnapshotReadiness: Hashable, Sendable {
  /// How long `cut` is expected to take.
  package var predicted: Duration
  /// Remarks that do not forbid the cut.
  package var remarks: [String]
  /// Volumes, entrusted ones among them, whose driver copies them file by file, since nothing beneath them can be cut at once: why, a sentence for each.
  package var copies: [String]

  package init(predicted: Duration, remarks: [String] = [], copies: [String] = []) {
    self.predicted = predicted
    self.remarks = remarks
    self.copies = copies
  }
}
