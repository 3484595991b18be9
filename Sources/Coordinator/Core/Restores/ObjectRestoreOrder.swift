package import Model

/// How the objects of a backup's namespaces are to be brought back.
package struct ObjectRestoreOrder: Hashable, Codable, Sendable {
  /// What becomes of an object that is there already.
  package enum Existing: String, CaseIterable, Hashable, Codable, Sendable {
    /// It stays as it is.
    case skip
    /// It gets the fields that the backup has.
    case patch
    /// Nothing is restored at all.
    case fail
  }

  /// Whether the commands are run that the plan has for a restore.
  package enum Hooks: String, CaseIterable, Hashable, Codable, Sendable {
    /// As the plan of the backup has them.
    case plan
    case none
  }

  /// Where objects of a namespace go; those that are not named keep theirs.
  package var namespaces: [String: String]
  /// Which storage class claims get instead of the one that they had.
  package var storageClasses: [String: String]
  package var existing: Existing
  /// Whether workloads are started, service by service; otherwise they stay scaled to zero.
  package var start: Bool
  /// How long each service may take to become ready.
  package var patience: Elapsed
  /// Whether namespaces, definitions of custom kinds and storage classes may be made.
  package var mayUseCluster: Bool
  /// Nil means as the plan has them.
  package var hooks: Hooks?
  /// Those that alone are restored, with what they need; nil means whole namespaces.
  package var services: [ServiceName]?

  package init(
    namespaces: [String: String] = [:], storageClasses: [String: String] = [:],
    existing: Existing = .skip, start: Bool = true, patience: Duration = .seconds(600),
    mayUseCluster: Bool = true, hooks: Hooks? = nil, services: [ServiceName]? = nil
  ) {
    self.namespaces = namespaces
    self.storageClasses = storageClasses
    self.existing = existing
    self.start = start
    self.patience = Elapsed(patience)
    self.mayUseCluster = mayUseCluster
    self.hooks = hooks
    self.services = services
  }

  package func target(of namespace: String) -> String { namespaces[namespace] ?? namespace }
}

/// How far the restore of a namespace's objects has come.
package struct ObjectRestoreState: Hashable, Codable, Sendable {
  package var order: ObjectRestoreOrder
  /// The namespaces that are written to, sorted.
  package var targets: [String]
  /// What is being done, for people.
  package var phase: String
  package var done: Int
  /// 0 before it is known.
  package var total: Int
  /// What became of the hooks so far, in their order; nil while there is none.
  package var hooks: [HookOutcome]?

  package init(
    order: ObjectRestoreOrder, targets: [String], phase: String = "waiting", done: Int = 0,
    total: Int = 0, hooks: [HookOutcome]? = nil
  ) {
    self.order = order
    self.targets = targets
    self.phase = phase
    self.done = done
    self.total = total
    self.hooks = hooks
  }
}

/// One thing that a restore does, or would do, to one object.
package struct ObjectAction: Hashable, Codable, Sendable {
  package enum Verb: String, Hashable, Codable, Sendable {
    case create, patch, start
    /// A command of the plan, in a pod.
    case run
    /// It stays as it is, or out.
    case skip
    /// It keeps the restore from beginning.
    case refuse
  }

  /// What it is part of, in the order in which it is done: namespaces, claims, start …
  package var stage: String
  package var verb: Verb
  /// The plural with its group.
  package var resource: String
  package var namespace: String?
  package var name: String
  /// Why, or what is special; nil for the usual.
  package var note: String?

  package init(
    stage: String, verb: Verb, resource: String, namespace: String?, name: String,
    note: String? = nil
  ) {
    self.stage = stage
    self.verb = verb
    self.resource = resource
    self.namespace = namespace
    self.name = name
    self.note = note
  }

  package var object: String { "\(resource) \(namespace.map { $0 + "/" } ?? "")\(name)" }
}
