package import CutProtocol
package import Model

/// What a provider of snapshots is told about a cut before it comes.
package struct PlannedCut: Hashable, Sendable {
  /// What the snapshots of this member will be called.
  package var name: SnapshotName
  /// The volumes of every member of the plan, which are cut at about the same time.
  package var volumes: [ServiceName: [MemberVolume]]
  /// The longest window that may be predicted.
  package var budget: Duration
  /// The longest that the member can be held.
  package var cap: Duration
  /// By which classes the plan wants the snapshots made.
  package var rules: SnapshotRules

  package init(
    name: SnapshotName, volumes: [ServiceName: [MemberVolume]], budget: Duration, cap: Duration,
    rules: SnapshotRules = SnapshotRules()
  ) {
    self.name = name
    self.volumes = volumes
    self.budget = budget
    self.cap = cap
    self.rules = rules
  }

  /// Another member of the plan that has the same volume; nil when this member is its only one.
  package func otherMember(with volume: VolumeRef) -> ServiceName? {
    volumes.lazy.filter { other, volumes in
      other != name.member
        && volumes.contains {
          $0.volume.driver == volume.driver && $0.volume.handle == volume.handle
        }
    }.map(\.key).min()
  }
}

/// What is known about a cut's snapshots before it is taken.
package struct SnapshotReadiness: Hashable, Sendable {
  /// How long `cut` is expected to take.
  package var predicted: Duration
  /// Remarks that do not forbid the cut.
  package var remarks: [String]
  /// Volumes whose driver copies them file by file, since nothing beneath them can be cut at once: why, a sentence for each.
  package var copies: [String]

  package init(predicted: Duration, remarks: [String] = [], copies: [String] = []) {
    self.predicted = predicted
    self.remarks = remarks
    self.copies = copies
  }
}
