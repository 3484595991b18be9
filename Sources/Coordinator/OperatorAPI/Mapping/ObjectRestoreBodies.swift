internal import CoordinatorCore
internal import Model
internal import OperatorWire

extension ObjectRestoreOrder {
  /// Throws 400 for values that mean nothing.
  init(_ body: ObjectRestoreBody) throws {
    let usual = ObjectRestoreOrder()
    var existing = usual.existing
    if let text = body.existing {
      guard let known = Existing(rawValue: text) else {
        throw Refused.invalid(
          "objects.existing: '\(text.prefix(40))' is none of "
            + Existing.allCases.map(\.rawValue).joined(separator: ", "))
      }
      existing = known
    }
    if let seconds = body.patienceSeconds, !(1...86_400).contains(seconds) {
      throw Refused.invalid("objects.patienceSeconds: \(seconds) is no number from 1 to 86400")
    }
    var hooks: Hooks?
    if let text = body.hooks {
      guard let known = Hooks(rawValue: text) else {
        throw Refused.invalid("objects.hooks: '\(text.prefix(40))' is neither plan nor none")
      }
      hooks = known
    }
    self.init(
      namespaces: body.namespaces ?? [:], storageClasses: body.storageClasses ?? [:],
      existing: existing, start: body.start ?? usual.start,
      patience: body.patienceSeconds.map { .seconds($0) } ?? usual.patience.duration,
      hooks: hooks)
  }
}

extension ObjectRestoreProgressBody {
  init(_ state: ObjectRestoreState) {
    self.init(
      targets: state.targets, services: state.order.services,
      existing: state.order.existing.rawValue, phase: state.phase,
      done: state.done, total: state.total,
      hooks: state.hooks?.map { outcome in
        RestoreHookBody(
          service: outcome.service, number: outcome.number, place: outcome.place,
          state: outcome.state.rawValue, words: outcome.words, endedAt: outcome.endedAt)
      })
  }
}

extension ObjectActionBody {
  init(_ action: ObjectAction) {
    self.init(
      stage: action.stage, action: action.verb.rawValue, resource: action.resource,
      namespace: action.namespace, name: action.name, note: action.note)
  }
}
