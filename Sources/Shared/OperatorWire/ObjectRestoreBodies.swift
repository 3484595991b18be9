/// How the objects of a backup's namespaces are to be brought back; part of `POST /v1/restores`.
package struct ObjectRestoreBody: Codable, Hashable, Sendable {
  /// Where objects of a namespace go; those that are not named keep theirs.
  package var namespaces: [String: String]?
  package var storageClasses: [String: String]?
  /// skip, patch or fail; skip when it is not given.
  package var existing: String?
  /// True when it is not given.
  package var start: Bool?
  /// How long each service may take to become ready; ten minutes when it is not given.
  package var patienceSeconds: Int?

  package init(
    namespaces: [String: String]? = nil, storageClasses: [String: String]? = nil,
    existing: String? = nil, start: Bool? = nil, patienceSeconds: Int? = nil
  ) {
    self.namespaces = namespaces
    self.storageClasses = storageClasses
    self.existing = existing
    self.start = start
    self.patienceSeconds = patienceSeconds
  }
}

/// How far the restore of objects has come.
package struct ObjectRestoreProgressBody: Codable, Hashable, Sendable {
  /// The namespaces that are written to.
  package var targets: [String]
  package var existing: String
  package var phase: String
  package var done: Int
  /// 0 before it is known.
  package var total: Int

  package init(targets: [String], existing: String, phase: String, done: Int, total: Int) {
    self.targets = targets
    self.existing = existing
    self.phase = phase
    self.done = done
    self.total = total
  }
}

/// One thing that a restore would do to one object.
package struct ObjectActionBody: Codable, Hashable, Sendable {
  package var stage: String
  /// create, patch, start, skip or refuse.
  package var action: String
  package var resource: String
  package var namespace: String?
  package var name: String
  package var note: String?

  package init(
    stage: String, action: String, resource: String, namespace: String?, name: String,
    note: String?
  ) {
    self.stage = stage
    self.action = action
    self.resource = resource
    self.namespace = namespace
    self.name = name
    self.note = note
  }
}
