package import CoordinatorCore
internal import CutProtocol
package import KubernetesClient
package import Logging
internal import Model

/// Puts backups' objects back into one cluster.
package struct ClusterRestorer: ObjectRestorer {
  let client: KubernetesClient
  let hooks: any HookExecutor
  let patience = Patience()
  let logger: Logger

  package init(client: KubernetesClient, hooks: any HookExecutor, logger: Logger) {
    self.client = client
    self.hooks = hooks
    self.logger = logger
  }

  // MARK: What would be done

  package func actions(of job: ObjectRestoreJob) async throws(OperationError) -> [ObjectAction] {
    let items = try RestoreItems(job).all()
    var actions: [ObjectAction] = []
    var rights = RightsCheck(client)
    var present = PresentObjects(client, items)
    // Those that are there, stay, and are none of the restore's.
    var foreign: Set<String> = []
    for item in items {
      if item.isLeftOut {
        actions.append(item.action(.skip))
        continue
      }
      let found = try await present.object(of: item)
      let action = Self.intent(item, found, job)
      actions.append(action)
      if action.verb == .skip, found?.isRestored(from: job) == false {
        foreign.insert(action.object)
      }
      let verb = action.verb == .create ? "create" : action.verb == .patch ? "patch" : nil
      if let verb, let lacking = try await rights.lacks(verb, item) {
        actions.append(item.action(.refuse, lacking))
      }
    }
    return try await actions + starts(job, items, foreign, &rights)
  }

  /// What becomes of one object, as the cluster is now.
  private static func intent(
    _ item: RestoreItem, _ present: KubernetesObject?, _ job: ObjectRestoreJob
  ) -> ObjectAction {
    guard let present else {
      if item.stage == .namespaces, !job.order.mayUseCluster {
        return item.action(.refuse, "there is no such namespace")
      }
      return item.action(.create)
    }
    return RestoreChoice.of(item, present, job)
  }

  // MARK: Doing it

  package func perform(
    _ job: ObjectRestoreJob, _ tell: @Sendable (ObjectRestoreNews) async -> Void
  ) async throws(OperationError) {
    let planned = try await patience.during { () throws(OperationError) in
      try await actions(of: job)
    }
    if let refused = planned.first(where: { $0.verb == .refuse }) {
      let count = planned.count { $0.verb == .refuse }
      throw OperationError(
        .conflict,
        "nothing was restored: \(refused.object): \(refused.note ?? "")"
          + (count > 1 ? "; and \(count - 1) more" : ""),
        hint: "see all of them with --dry-run")
    }
    // Nothing else is tried: the right to it was not asked for.
    let verbs = Dictionary(planned.map { ($0.object, $0.verb) }) { first, _ in first }
    let items = try RestoreItems(job).all().filter { !$0.isLeftOut }
    logger.notice(
      "objects are being restored",
      metadata: ["restore": "\(job.restore)", "objects": "\(items.count)"])
    var done = 0
    for stage in RestoreStage.allCases where stage != .start && stage != .scheduled {
      let part = items.filter { $0.stage == stage }
      guard !part.isEmpty else { continue }
      await tell(.phase(stage.name, done: done, total: items.count))
      for item in part {
        try await write(item, job, verbs[item.action(.create).object])
        done += 1
        if done % 100 == 0 { await tell(.phase(stage.name, done: done, total: items.count)) }
      }
      if stage == .definitions { try await waitForDefinitions(part) }
    }
    let before = done
    done += try await start(job, items, verbs) { phase in
      await tell(.phase(phase, done: before, total: items.count))
    } hookEnded: { outcome in
      await tell(.hook(outcome))
    }
    for item in items where item.stage == .scheduled {
      try await write(item, job, verbs[item.action(.create).object])
      done += 1
    }
    await tell(.phase("done", done: done, total: items.count))
  }

  /// Makes or changes one object, whatever was written of it before a crash.
  func write(
    _ item: RestoreItem, _ job: ObjectRestoreJob, _ verb: ObjectAction.Verb?
  ) async throws(OperationError) {
    guard verb != .skip else { return }
    try await patience.during { () throws(OperationError) in
      do throws(KubernetesError) {
        try await writeOnce(item, job, verb)
      } catch {
        throw OperationError(error, doing: "restoring", item)
      }
    }
  }

  private func writeOnce(
    _ item: RestoreItem, _ job: ObjectRestoreJob, _ verb: ObjectAction.Verb?
  ) async throws(KubernetesError) {
    if verb != .patch {
      do throws(KubernetesError) {
        _ = try await client.create(item.object, as: item.type)
        return
      } catch {
        guard error.isAlreadyExists else { throw error }
      }
    }
    let namespace = item.type.namespaced ? item.key.namespace : nil
    guard let present = try await client.find(item.type, item.key.name, in: namespace) else {
      // Gone since it was looked at.
      _ = try await client.create(item.object, as: item.type)
      return
    }
    guard RestoreChoice.of(item, present, job).verb == .patch else { return }
    _ = try await client.apply(
      item.object, as: item.type, manager: RestoreMark.manager, force: true)
  }

  private func waitForDefinitions(_ items: [RestoreItem]) async throws(OperationError) {
    for item in items {
      do throws(KubernetesError) {
        _ = try await client.wait(for: item.type, item.key.name, within: .seconds(60)) {
          object -> Bool? in
          let conditions = object?["status", "conditions"]?.array ?? []
          let isThere = conditions.contains {
            $0["type"] == "Established" && $0["status"] == "True"
          }
          return isThere ? true : nil
        }
      } catch {
        throw OperationError(error, doing: "waiting for", item)
      }
    }
  }
}

extension OperationError {
  /// What the API server said to one object. What may pass is `unavailable`.
  init(_ error: KubernetesError, doing what: String, _ item: RestoreItem) {
    let place = item.type.namespaced ? item.key.description : item.key.name
    self.init(
      error.isTransient || error.isAlreadyExists || error.code == .cancelled
        ? .unavailable : .conflict,
      "\(what) \(item.type) \(place): \(error.message)",
      // A refusal without a hint is somebody's policy, which no role helps against.
      hint: error.isForbidden && error.hint != nil
        ? "the coordinator needs \(item.neededRole)" : error.hint)
  }
}
