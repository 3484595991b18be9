internal import CoordinatorCore
internal import KubernetesClient
internal import Model

/// Starts what belongs to one service, and waits until it is ready.
struct ServiceStart: Sendable {
  let client: KubernetesClient
  let job: ObjectRestoreJob
  let patience: Patience

  func start(_ workloads: [RestoreItem], of service: String?) async throws(OperationError) {
    var awaited: [RestoreItem] = []
    for item in workloads {
      let isOurs = try await patience.during { () throws(OperationError) in
        do throws(KubernetesError) {
          return try await scaled(item)
        } catch {
          throw OperationError(error, doing: "starting", item)
        }
      }
      if isOurs { awaited.append(item) }
    }
    for item in awaited { try await wait(for: item, of: service) }
  }

  /// False for what was there before, and is none of the restore's.
  private func scaled(_ item: RestoreItem) async throws(KubernetesError) -> Bool {
    guard
      let present = try await client.find(item.type, item.key.name, in: item.key.namespace),
      present.isRestored(from: job)
    else { return false }
    if let replicas = item.replicas, replicas > 0 {
      _ = try await client.patch(
        item.type, item.key.name, in: item.key.namespace,
        merging: ["spec": ["replicas": JSONValue(Int64(replicas))]])
    }
    return item.replicas != 0
  }

  private func wait(for item: RestoreItem, of service: String?) async throws(OperationError) {
    let wanted = item.replicas
    do throws(KubernetesError) {
      _ = try await client.wait(
        for: item.type, item.key.name, in: item.key.namespace,
        within: job.order.patience.duration
      ) { object -> Bool? in
        guard let object else { return nil }
        return Self.isReady(object, wanted) ? true : nil
      }
    } catch {
      var failure = OperationError(error, doing: "waiting for", item)
      guard error.code == .timedOut else { throw failure }
      let name = service.map { "service \($0)" } ?? "a workload of no service"
      failure = OperationError(
        .conflict,
        "\(name) did not become ready within \(job.order.patience.duration): \(failure.message)"
          + (await trouble(in: item.key.namespace)),
        hint:
          "what is later in the plan was not started; kubectl describe shows why pods are not ready"
      )
      throw failure
    }
  }

  static func isReady(_ object: KubernetesObject, _ wanted: Int?) -> Bool {
    func number(_ field: String) -> Int { Int(clamping: object["status", field]?.int ?? 0) }
    if object.kind == "Pod" {
      return (object["status", "conditions"]?.array ?? []).contains {
        $0["type"] == "Ready" && $0["status"] == "True"
      }
    }
    let isSeen = object["status", "observedGeneration"]?.int ?? 0 >= object.generation ?? 0
    guard object.kind == "DaemonSet" else {
      return isSeen && number("readyReplicas") >= wanted ?? 1
    }
    return isSeen && number("numberReady") >= number("desiredNumberScheduled")
  }

  /// What the restore's own claims and snapshots say, which is the usual reason; nothing when it cannot be had.
  private func trouble(in namespace: String?) async -> String {
    // Only words for a message: the failure is told without them.
    guard let snapshots = try? await client.list(.volumeSnapshots, in: namespace) else { return "" }
    let errors = snapshots.items.filter {
      $0.isRestored(from: job)
    }.compactMap { $0["status", "error", "message"]?.string }
    return errors.first.map { "; a snapshot says: \($0)" } ?? ""
  }
}
