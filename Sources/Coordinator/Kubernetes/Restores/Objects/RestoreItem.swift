internal import CoordinatorCore
internal import CutProtocol
internal import KubernetesClient
internal import Model

/// One object as a restore makes it.
struct RestoreItem: Sendable {
  var stage: RestoreStage
  var type: ResourceType
  private(set) var key: ObjectKey
  /// As JSON: read, fifty thousand objects take seven times the memory.
  private var content: [UInt8]
  /// What is special about it.
  var note: String?
  /// Replicas that it is scaled to once its service is started; nil for what has none.
  var replicas: Int?
  /// The members of the plan whose pods it makes, in the order in which they are restored; it is started with the first.
  var members: [WorkloadMembers.Match] = []
  /// Left out, with the reason in `note`.
  var isLeftOut = false

  init(stage: RestoreStage, type: ResourceType, object: KubernetesObject, note: String? = nil) {
    self.stage = stage
    self.type = type
    self.note = note
    key = object.key
    content = object.value.bytes
  }

  /// The object as it is to be made. Each use reads or writes all of it.
  var object: KubernetesObject {
    get {
      guard let value = try? JSONValue(json: content), let object = KubernetesObject(value) else {
        preconditionFailure("\(type) \(key) was written by the restore and cannot be read")
      }
      return object
    }
    set {
      key = newValue.key
      content = newValue.value.bytes
    }
  }

  var member: WorkloadMembers.Match? { members.first }
  var service: String? { member?.member.name.text }

  /// What is shown of it.
  func action(_ verb: ObjectAction.Verb, _ note: String? = nil) -> ObjectAction {
    ObjectAction(
      stage: stage.name, verb: verb, resource: "\(type)",
      namespace: type.namespaced ? key.namespace : nil, name: key.name,
      note: note ?? self.note)
  }
}

/// Names that a restore writes into objects.
enum RestoreMark {
  /// On everything that a restore wrote: its ID, and the backup's.
  static let restore = "stillpoint.dev/restore"
  static let backup = "stillpoint.dev/backup"
  static let manager = "stillpoint-restore"

  static func of(_ job: ObjectRestoreJob) -> [String: String] {
    [restore: job.restore.text, backup: job.backup.text]
  }
}

extension KubernetesObject {
  /// Whether a restore of this backup wrote it, this one or one before that failed.
  func isRestored(from job: ObjectRestoreJob) -> Bool {
    annotations[RestoreMark.backup] == job.backup.text
  }
}

extension ResourceType {
  /// The type of a manifest, in the version that it was kept in.
  init(_ manifest: BackupManifest) {
    let parts = manifest.resource.split(separator: ".", maxSplits: 1).map(String.init)
    let version = manifest.apiVersion.split(separator: "/").last.map(String.init)
    self.init(
      group: parts.count > 1 ? parts[1] : "", version: version ?? "", kind: manifest.kind,
      plural: parts.first ?? "", namespaced: manifest.namespace != nil)
  }
}
