package import CoordinatorCore
package import KubernetesClient
package import Logging
internal import Model

/// Everything that can be done with Stillpoint through a cluster's own objects.
package struct ClusterControllers: Sendable {
  /// What the controllers do it with.
  package struct Operations: Sendable {
    package var plans: any PlanOperations
    package var backups: any BackupOperations
    package var requests: any ClusterOperations
    package var restores: any ClusterRestores

    package init(
      plans: any PlanOperations, backups: any BackupOperations,
      requests: any ClusterOperations, restores: any ClusterRestores
    ) {
      self.plans = plans
      self.backups = backups
      self.requests = requests
      self.restores = restores
    }
  }

  private let client: KubernetesClient
  private let operations: Operations
  private let home: String
  private let clock: any Clock<Duration>
  private let resync: Duration
  private let logger: Logger

  /// `home` is the coordinator's own namespace, whose plans may select everywhere.
  package init(
    client: KubernetesClient, operations: Operations, home: String,
    clock: any Clock<Duration> = ContinuousClock(), resync: Duration = .seconds(10), logger: Logger
  ) {
    self.client = client
    self.operations = operations
    self.home = home
    self.clock = clock
    self.resync = resync
    self.logger = logger
  }

  /// Returns when the task is cancelled. An API server that is away delays what its objects say and nothing else.
  package func run() async {
    let books = (plans: ObjectBook(), backups: ObjectBook(), restores: ObjectBook())
    let plans = PlanShell(
      controller: PlanController(home: home), operations: operations,
      writer: writer(.backupPlans, books.plans), logger: logger)
    let backups = BackupShell(
      tenancy: Tenancy(home: home), operations: operations, writer: writer(.backups, books.backups),
      plans: books.plans,
      logger: logger)
    let restores = RestoreShell(
      controller: RestoreController(home: home), operations: operations,
      writer: writer(.restores, books.restores), backups: books.backups)
    let annotated = AnnotatedPlanShell(
      client: client, plans: operations.plans, clock: clock, logger: logger)
    await withDiscardingTaskGroup { group in
      group.addTask { await annotated.run(every: resync * 3) }
      group.addTask {
        await loop(.backupPlans, books.plans).run(plans.look, tick: plans.deleteAbandoned)
      }
      group.addTask {
        await loop(.backups, books.backups).run(backups.look, tick: backups.mirror)
      }
      group.addTask { await loop(.restores, books.restores).run(restores.look, tick: {}) }
      group.addTask {
        // What runs is looked at more often: its message counts the members that are held.
        while (try? await clock.sleep(for: min(resync, .seconds(1)))) != nil {
          for book in [books.backups, books.restores] {
            book.mark { $0["status", "phase"]?.string == BackupView.Phase.running.rawValue }
          }
        }
      }
    }
  }

  private func loop(_ type: ResourceType, _ book: ObjectBook) -> ObjectLoop {
    ObjectLoop(
      client: client, type: type, book: book, clock: clock, resync: resync, logger: logger)
  }

  private func writer(_ type: ResourceType, _ book: ObjectBook) -> ObjectWriter {
    ObjectWriter(client: client, type: type, book: book, logger: logger)
  }
}
