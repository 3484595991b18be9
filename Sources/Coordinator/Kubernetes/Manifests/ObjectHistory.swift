internal import CoordinatorCore
internal import CutProtocol
internal import Foundation

/// What was seen of one object, in the order in which it was.
struct ObjectHistory: Sendable {
  struct Version: Hashable, Sendable {
    /// When it was seen: it came about before that.
    var since: Duration
    var uid: String
    var resourceVersion: String
    /// The trimmed manifest; nil where the object was gone.
    var content: Data?
    var owner: String?
  }

  /// More than an object has within a cut; of one that has more, it cannot be told how it was.
  static let mostVersions = 64

  private(set) var versions: [Version] = []

  mutating func add(_ version: Version) {
    guard !isFull else { return }
    versions.append(version)
  }

  var isFull: Bool { versions.count >= Self.mostVersions }

  func contains(_ version: Version) -> Bool {
    versions.contains { $0.isSame(as: version) }
  }

  /// How the object was at the witness, which lies within `witness`. `last` is what was found by asking after it: nil when the
  /// object was gone. Nil when there is nothing to keep.
  ///
  /// Everything that was seen before the witness came about before it, and whatever changed until it was asked again is either
  /// in the history or shows by another version. So an object that is the same in all of them was so at the witness.
  func judged(at witness: ManifestSession.Witness, last: Version?, isConfirmed: Bool)
    -> (version: Version, standing: BackupManifest.Standing)?
  {
    let index = versions.lastIndex { $0.since <= witness.lowerBound }
    let before = index.map { versions[$0] }
    var after = Array(versions[(index.map { $0 + 1 } ?? 0)...])
    var isMissed = false
    if isConfirmed, let last, !contains(last) {
      after.append(last)
      isMissed = true
    }
    let isGone = isConfirmed ? last == nil : after.last.map { $0.content == nil } ?? false
    guard let before, let content = before.content else {
      guard !isGone, let found = after.last(where: { $0.content != nil }) else { return nil }
      return (found, .appeared)
    }
    if isGone { return (before, .deleted) }
    let isChanged =
      isMissed || after.contains { $0.uid != before.uid || $0.content != content }
    if isChanged { return (before, .changed) }
    return (before, isConfirmed ? .atWitness : .unconfirmed)
  }
}

extension ObjectHistory.Version {
  func isSame(as other: Self) -> Bool {
    uid == other.uid && resourceVersion == other.resourceVersion && content != nil
      && other.content != nil
  }
}
