internal import CutProtocol
internal import KubernetesClient
internal import Model
internal import Snapshots

/// One object to create when the member is held: a snapshot of one claim, or of several at once.
struct PlannedSnapshot: Hashable, Sendable {
  /// Put on every object that a cut creates, so that nothing else is ever deleted.
  static let ownerLabel = "app.kubernetes.io/managed-by"
  static let owner = "stillpoint"
  static let memberLabel = "stillpoint.dev/member"
  static let backupLabel = "stillpoint.dev/backup"

  /// From `SnapshotName`, as the CSI drivers get it.
  var name: String
  var claims: [ClaimedVolume]
  var className: String
  /// Nil for a snapshot of one claim.
  var group: SnapshotTypes.Groups?

  var namespace: String { claims[0].namespace }
  var type: ResourceType { group?.snapshots ?? .volumeSnapshots }
  var contentType: ResourceType { group?.contents ?? .volumeSnapshotContents }

  /// The value of `StillpointLabel.group`: at most 63 letters and digits, and no other hold's.
  var groupValue: String { Self.groupValue(name) }

  static func groupValue(_ name: String) -> String { "g-\(StableHash.text(name))" }

  /// What the controller calls the content of an object with this uid.
  func contentName(_ uid: String) -> String {
    group == nil ? "snapcontent-\(uid)" : "groupsnapcontent-\(uid)"
  }

  /// The object as it is created.
  func object(for cut: SnapshotName) -> KubernetesObject {
    var spec: JSONValue = [:]
    if group == nil {
      spec["volumeSnapshotClassName"] = .string(className)
      spec[path: ["source", "persistentVolumeClaimName"]] = .string(claims[0].claim)
    } else {
      spec["volumeGroupSnapshotClassName"] = .string(className)
      // Expressions are ignored by the controller: with one of them alone it would take every claim of the namespace.
      spec[path: ["source", "selector", "matchLabels", StillpointLabel.group]] = .string(groupValue)
    }
    return KubernetesObject(
      type, name: name, namespace: namespace,
      labels: [
        Self.ownerLabel: Self.owner, Self.memberLabel: Self.labelValue(cut.member.text),
        Self.backupLabel: Self.labelValue(cut.backup.text),
      ], fields: ["spec": spec])
  }

  /// At most 63 bytes, ending with a letter or digit, as labels must be.
  private static func labelValue(_ text: String) -> String {
    var value = text.prefix(63)
    while let last = value.last, !(last.isLetter || last.isNumber) { value = value.dropLast() }
    return String(value)
  }
}
