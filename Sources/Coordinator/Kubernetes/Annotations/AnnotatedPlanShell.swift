internal import CoordinatorCore
internal import KubernetesClient
internal import Logging
internal import Model
internal import PlanImport

/// Does what `AnnotatedPlans` decides, over and over.
actor AnnotatedPlanShell {
  /// How many looks in a row must miss services before a plan loses them: a pod that is made anew elsewhere is gone for a
  /// while, and a backup without its service would say nothing of it.
  static let patience = 20

  private let client: KubernetesClient
  private let plans: any PlanOperations
  private let clock: any Clock<Duration>
  private let patience: Int
  private let logger: Logger
  /// How many looks in a row each plan would have lost services.
  private var shrinking: [PlanName: Int] = [:]
  /// What was said of each namespace last, so that it is said once.
  private var said: [String: Set<ObjectEvent>] = [:]
  private var trouble: String?

  init(
    client: KubernetesClient, plans: any PlanOperations, clock: any Clock<Duration>,
    patience: Int = patience, logger: Logger
  ) {
    self.client = client.with(.inventory)
    self.plans = plans
    self.clock = clock
    self.patience = patience
    self.logger = logger
  }

  /// Returns when the task is cancelled.
  func run(every interval: Duration) async {
    while (try? await clock.sleep(for: interval)) != nil { await look() }
  }

  private func look() async {
    do {
      let namespaces = try await client.list(.namespaces).items.filter(AnnotatedPlans.consents)
      let records = try await plans.plans()
      var watched: [AnnotatedPlans.Watched] = []
      for namespace in namespaces {
        watched.append(AnnotatedPlans.Watched(namespace, pods: await pods(of: namespace.name)))
      }
      await follow(AnnotatedPlans.orders(watched, records: records), namespaces)
      trouble = nil
    } catch {
      note("annotated pods not followed", "\(error)")
    }
  }

  private func pods(of namespace: String) async -> [KubernetesObject]? {
    do throws(KubernetesError) {
      // The order is the server's, by name: the same pods make the same plan.
      return try await client.list(.pods, in: namespace).items
    } catch {
      note("pods of namespace \(namespace) not listed", "\(error)")
      return nil
    }
  }

  private func follow(_ orders: [AnnotatedPlans.Order], _ namespaces: [KubernetesObject]) async {
    var events: [String: Set<ObjectEvent>] = [:]
    var losing: Set<PlanName> = []
    for order in orders {
      switch order {
      case .report(let event, let namespace): events[namespace, default: []].insert(event)
      case .delete(let name, let author): await delete(name, author)
      case .apply(let imported, let namespace, let lost):
        if !lost.isEmpty {
          losing.insert(imported.plan.name)
          shrinking[imported.plan.name, default: 0] += 1
          guard shrinking[imported.plan.name, default: 0] >= patience else {
            events[namespace, default: []].insert(missing(lost, imported.plan.name))
            continue
          }
        }
        events[namespace, default: []].insert(await apply(imported, namespace))
      }
    }
    shrinking = shrinking.filter { losing.contains($0.key) }
    for namespace in namespaces {
      let now = events[namespace.name] ?? []
      for event in now.subtracting(said[namespace.name] ?? []) { await tell(event, namespace) }
    }
    said = events
  }

  private func missing(_ services: [ServiceName], _ plan: PlanName) -> ObjectEvent {
    let names = services.map(\.text).joined(separator: ", ")
    return ObjectEvent(
      .warning, "Missing",
      "no annotated pod of \(names) is there: plan \(plan) stays as it is, and loses what is still missing at the \(patience)th "
        + "look in a row")
  }

  private func apply(_ imported: ImportedPlan, _ namespace: String) async -> ObjectEvent {
    do throws(OperationError) {
      let record = try await plans.applyPlan(
        imported.plan, source: imported.text,
        author: PlanOwner.author(annotationsOf: namespace))
      let count = record.plan.services.count
      return ObjectEvent(
        .normal, "Applied",
        "plan \(record.plan.name), revision \(record.revision), "
          + "\(count == 1 ? "1 service" : "\(count) services") from annotated pods")
    } catch {
      return ObjectEvent(
        .warning, error.code == .invalid ? "Unresolved" : "Unavailable", error.description)
    }
  }

  private func delete(_ name: PlanName, _ author: String) async {
    do throws(OperationError) {
      try await plans.deletePlan(name, author: author)
      logger.notice("plan of annotated pods deleted", metadata: ["plan": "\(name)"])
    } catch {
      note("plan \(name) of annotated pods not deleted", error.description)
    }
  }

  /// An event that cannot be written is no reason to leave the rest undone.
  private func tell(_ event: ObjectEvent, _ namespace: KubernetesObject) async {
    logger.log(
      level: event.kind == .normal ? .notice : .warning, "annotated pods looked at",
      metadata: [
        "namespace": "\(namespace.name)", "reason": "\(event.reason)",
        "message": "\(event.message)",
      ])
    // Events of a namespace are looked for in it, though it is in none itself.
    var subject = namespace
    subject["metadata", "namespace"] = .string(namespace.name)
    do throws(KubernetesError) {
      _ = try await client.create(event.object(about: subject, at: .now()), as: .events)
    } catch {
      guard !error.isAlreadyExists else { return }
      logger.debug("event not written", metadata: ["error": "\(error)"])
    }
  }

  private func note(_ message: String, _ error: String) {
    guard trouble != error else { return }
    trouble = error
    logger.warning("\(message)", metadata: ["error": "\(error)"])
  }
}
