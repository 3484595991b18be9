package import Model

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
  /// plan or none; plan when it is not given.
  package var hooks: String?

  package init(
    namespaces: [String: String]? = nil, storageClasses: [String: String]? = nil,
    existing: String? = nil, start: Bool? = nil, patienceSeconds: Int? = nil,
    hooks: String? = nil
  ) {
    self.namespaces = namespaces
    self.storageClasses = storageClasses
    self.existing = existing
    self.start = start
    self.patienceSeconds = patienceSeconds
    self.hooks = hooks
  }
}

/// How far the restore of objects has come.
package struct ObjectRestoreProgressBody: Codable, Hashable, Sendable {
  /// The namespaces that are written to.
  package var targets: [String]
  /// Those that alone are restored, with what they need; absent for whole namespaces.
  package var services: [ServiceName]?
  package var existing: String
  package var phase: String
  package var done: Int
  /// 0 before it is known.
  package var total: Int
  /// What became of the plan's commands so far, in their order; absent while there is none.
  package var hooks: [RestoreHookBody]?

  package init(
    targets: [String], services: [ServiceName]? = nil, existing: String, phase: String, done: Int,
    total: Int, hooks: [RestoreHookBody]? = nil
  ) {
    self.targets = targets
    self.services = services
    self.existing = existing
    self.phase = phase
    self.done = done
    self.total = total
    self.hooks = hooks
  }
}

/// What became of one command of a restore.
package struct RestoreHookBody: Codable, Hashable, Sendable {
  package var service: ServiceName
  /// Counts the service's hooks from 1.
  package var number: Int
  /// Pod and container; absent where none was reached.
  package var place: String?
  /// succeeded, failed or left-out.
  package var state: String
  /// What happened, with the last words of the command.
  package var words: String
  package var endedAt: Timestamp

  package init(
    service: ServiceName, number: Int, place: String?, state: String, words: String,
    endedAt: Timestamp
  ) {
    self.service = service
    self.number = number
    self.place = place
    self.state = state
    self.words = words
    self.endedAt = endedAt
  }
}

/// One thing that a restore would do to one object.
package struct ObjectActionBody: Codable, Hashable, Sendable {
  package var stage: String
  /// create, patch, start, run, skip or refuse.
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
