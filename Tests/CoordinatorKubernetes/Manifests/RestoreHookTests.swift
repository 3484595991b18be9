import ClusterTesting
import CoordinatorCore
import CutProtocol
import KubernetesClient
import Model
import Synchronization
import Testing

@testable import CoordinatorKubernetes

/// What a restore told while it went on.
private final class News: Sendable {
  private let all = Mutex<[ObjectRestoreNews]>([])

  func add(_ news: ObjectRestoreNews) { all.withLock { $0.append(news) } }

  var outcomes: [HookOutcome] {
    all.withLock { news in
      news.compactMap { if case .hook(let outcome) = $0 { outcome } else { nil } }
    }
  }

  /// Without their times.
  var lines: [String] { outcomes.map(\.line) }
}

struct `A hook of a restore` {
  /// `orders` (StatefulSet db) and `checkout` (Deployment web), with pods that have the containers `c` and `side`.
  private func job(
    _ order: ObjectRestoreOrder = ObjectRestoreOrder(namespaces: ["shop": "copy"]),
    orders: [RestoreHook] = [], checkout: [RestoreHook] = [], restore: String = "r1",
    ended: [HookOutcome] = []
  ) throws -> ObjectRestoreJob {
    let template =
      #""template":{"spec":{"containers":[{"name":"c"}],"initContainers":[{"name":"once"},{"name":"side","restartPolicy":"Always"}]}}"#
    var manifests = try ShopBackup.manifests().filter { !["web", "db"].contains($0.name) }
    manifests += [
      try ShopBackup.manifest(.deployments, "web", #"{"spec":{"replicas":2,\#(template)}}"#),
      try ShopBackup.manifest(.statefulSets, "db", #"{"spec":{"replicas":1,\#(template)}}"#),
    ]
    var job = try ShopBackup.job(order, restore: restore, manifests: manifests)
    job.services[0].afterRestore = orders
    job.services[1].afterRestore = checkout
    job.ended = ended
    return job
  }

  private let repair = RestoreHook(command: ["/app/repair", "secret"], timeout: .seconds(9))

  @Test func `runs once its service is ready, before those that depend on it are started`()
    async throws
  {
    let hooks = FakeHooks()
    try await RestoreBench.with(hooks: hooks) { bench in
      let atRun = Mutex<[String: JSONValue?]>([:])
      hooks.onRun { hook in
        let web = await bench.api.object(.deployments, "web", in: "copy")?["spec", "replicas"]
        atRun.withLock { $0["\(hook.service)/\(hook.number)"] = web }
      }
      let news = News()
      try await bench.restorer.perform(
        try job(
          orders: [repair, RestoreHook(container: "side", command: ["/x"])], checkout: [repair])
      ) { news.add($0) }
      #expect(
        hooks.asked.map(\.title) == ["hook 1 of orders", "hook 2 of orders", "hook 1 of checkout"])
      #expect(atRun.withLock { $0 } == ["orders/1": 0, "orders/2": 0, "checkout/1": 2])
      let first = try #require(hooks.asked.first)
      let pod = try #require(await bench.api.object(.pods, "db-0", in: "copy"))
      #expect(
        first
          == PodHook(
            restore: try RestoreID("r1"), backup: try BackupID("b1"),
            service: try ServiceName("orders"), number: 1, hook: repair, namespace: "copy",
            pod: "db-0", podUID: try #require(pod.uid), node: "n", container: "c"))
      #expect(hooks.asked[1].container == "side")
      // Its pod has another name now; the one on the node that it had is taken.
      #expect(hooks.asked[2].pod == "web-5f6d-a0")
      #expect(
        news.lines == [
          "hook 1 of orders in copy/db-0 container c: succeeded, exited with 0",
          "hook 2 of orders in copy/db-0 container side: succeeded, exited with 0",
          "hook 1 of checkout in copy/web-5f6d-a0 container c: succeeded, exited with 0",
        ])
    }
  }

  @Test func `that fails ends the restore with the command's last words`() async throws {
    let hooks = FakeHooks()
    hooks.answer("orders/1", .success(HookResult(.exited(3), output: "begin\nno such role\n")))
    try await RestoreBench.with(hooks: hooks) { bench in
      let news = News()
      let error = await #expect(throws: OperationError.self) {
        try await bench.restorer.perform(try job(orders: [repair, repair])) { news.add($0) }
      }
      #expect(
        error?.message
          == "hook 1 of orders in copy/db-0 container c: failed, exited with 3: begin; no such role"
      )
      #expect(hooks.asked.count == 1 && news.outcomes.map(\.state) == [.failed])
      #expect(await bench.api.object(.deployments, "web", in: "copy")?["spec", "replicas"] == 0)
    }
  }

  @Test func `whose failure the plan lets pass is told, and the restore goes on`() async throws {
    let hooks = FakeHooks()
    hooks.answer("orders/1", .success(HookResult(.timedOut, output: "")))
    hooks.answer("orders/2", .failure(OperationError(.conflict, "no agent tells of pod copy/db-0")))
    try await RestoreBench.with(hooks: hooks) { bench in
      let news = News()
      var passing = repair
      passing.onFailure = .continue
      try await bench.restorer.perform(try job(orders: [passing, passing, repair])) { news.add($0) }
      #expect(news.outcomes.map(\.state) == [.failed, .failed, .succeeded])
      #expect(
        news.outcomes.map(\.words) == [
          "did not end in time and was killed", "no agent tells of pod copy/db-0", "exited with 0",
        ])
      #expect(await bench.api.object(.deployments, "web", in: "copy")?["spec", "replicas"] == 2)
    }
  }

  @Test func `that could never be run keeps the restore from beginning`() async throws {
    let hooks = FakeHooks()
    try await RestoreBench.with(hooks: hooks) { bench in
      let lost = RestoreHook(container: "once", command: ["/x"])
      let error = await #expect(throws: OperationError.self) {
        try await bench.perform(try job(orders: [lost]))
      }
      #expect(
        error?.message
          == "nothing was restored: hook copy/orders/1: statefulsets.apps db has no container once (it has: c, side); "
          + "restore without hooks if it is not needed")
      var other = try job(orders: [repair])
      other.manifests.removeAll { $0.name == "db" }
      let missing = await #expect(throws: OperationError.self) { try await bench.perform(other) }
      #expect(missing?.message.contains("no workload that made pod db-0 of orders") == true)
      #expect(await bench.writes.isEmpty && hooks.asked.isEmpty)
    }
  }

  @Test func `is in the dry run, without its arguments, and says why it is not run`() async throws {
    try await RestoreBench.with { bench in
      func lines(_ order: ObjectRestoreOrder) async throws -> [String] {
        try await bench.restorer.actions(of: try job(order, orders: [repair])).filter {
          $0.resource == "hook" || $0.verb == .start
        }.map { "\($0.verb.rawValue) \($0.object): \($0.note ?? "")" }
      }
      var order = ObjectRestoreOrder(namespaces: ["shop": "copy"])
      let planned = try await lines(order)
      #expect(
        planned[..<2] == [
          "start statefulsets.apps copy/db: 1 replicas, service orders",
          "run hook copy/orders/1: runs /app/repair with 1 argument in container c, for 9s at most; a failure ends the restore",
        ])
      order.hooks = ObjectRestoreOrder.Hooks.none
      let unwanted = try await lines(order)
      #expect(
        unwanted[1]
          == "skip hook copy/orders/1: not run: the restore is to run no hooks")
      order.hooks = .plan
      order.start = false
      let still = try await lines(order)
      #expect(still == ["skip hook copy/orders/1: not run: nothing is started"])
      await bench.api.put(
        KubernetesObject(
          .statefulSets, name: "db", namespace: "copy", fields: ["spec": ["replicas": 1]]),
        as: .statefulSets)
      order.start = true
      let foreign = try await lines(order)
      #expect(
        foreign[1]
          == "skip hook copy/orders/1: not run: statefulsets.apps db was there before, and stays as it is"
      )
    }
  }

  @Test func `is not run where it is not wanted, and a workload of others is left alone`()
    async throws
  {
    let hooks = FakeHooks()
    try await RestoreBench.with(hooks: hooks) { bench in
      await bench.api.put(KubernetesObject(.namespaces, name: "copy"), as: .namespaces)
      await bench.api.put(
        KubernetesObject(
          .statefulSets, name: "db", namespace: "copy", fields: ["spec": ["replicas": 1]]),
        as: .statefulSets)
      let news = News()
      try await bench.restorer.perform(try job(orders: [repair])) { news.add($0) }
      #expect(
        news.lines == [
          "hook 1 of orders: left out, statefulsets.apps db was there before, and stays as it is"
        ])
      let none = ObjectRestoreOrder(
        namespaces: ["shop": "other"], hooks: ObjectRestoreOrder.Hooks.none)
      try await bench.restorer.perform(try job(none, orders: [repair], restore: "r2")) {
        news.add($0)
      }
      #expect(news.outcomes.count == 1 && hooks.asked.isEmpty)
    }
  }

  @Test func `that ended before a crash is not run again, and one that was running is`()
    async throws
  {
    let hooks = FakeHooks()
    try await RestoreBench.with(hooks: hooks) { bench in
      let news = News()
      let (started, begun) = AsyncStream<Void>.makeStream()
      hooks.onRun { hook in
        guard hook.number == 2 else { return }
        begun.finish()
        // Ends with the coordinator.
        try? await Task.sleep(for: .seconds(600))
      }
      await withTaskGroup(of: Void.self) { group in
        group.addTask {
          try? await bench.restorer.perform(try job(orders: [repair, repair])) { news.add($0) }
        }
        for await _ in started {}
        group.cancelAll()
      }
      #expect(news.outcomes.map(\.number) == [1])
      hooks.onRun { _ in }
      try await bench.restorer.perform(
        try job(orders: [repair, repair], ended: news.outcomes)
      ) { news.add($0) }
      #expect(hooks.asked.map(\.number) == [1, 2, 2])
      #expect(news.outcomes.map(\.number) == [1, 2])
    }
  }

  @Test func `whose failure was recorded before a crash ends the restore all the same`()
    async throws
  {
    let hooks = FakeHooks()
    try await RestoreBench.with(hooks: hooks) { bench in
      let failed = HookOutcome(
        service: try ServiceName("orders"), number: 1, place: nil, state: .failed, words: "no role",
        endedAt: Timestamp(nanoseconds: 0))
      let error = await #expect(throws: OperationError.self) {
        try await bench.perform(try job(orders: [repair], ended: [failed]))
      }
      #expect(error?.message == "hook 1 of orders: failed, no role" && hooks.asked.isEmpty)
    }
  }
}
