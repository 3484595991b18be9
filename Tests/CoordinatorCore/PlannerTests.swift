import CoordinatorCore
import CutProtocol
import Model
import Testing

struct PlannerTests {
  private func plan(_ plan: BackupPlan, _ running: [Placement]) throws -> CutPlan {
    try CutPlanner.plan(
      plan, running: running, backup: BackupID("b-1"), fleet: FleetID("fleet"),
      at: Timestamp(nanoseconds: 0))
  }

  @Test func `a plan becomes members with their volumes, levels and one group`() throws {
    let running = try [Shop.placement("orders"), Shop.placement("payments")]
    let cut = try plan(try Shop.plan(), running)
    #expect(cut.members.map(\.name.text) == ["orders", "payments"])
    #expect(cut.members.map(\.level) == [0, 1])
    #expect(cut.members.map(\.group) == [0, 0])
    #expect(cut.members.map { $0.volumes.map(\.containerPath) } == [["/data"], ["/data"]])
  }

  @Test func `unrelated services are groups of their own under the policy groups`() throws {
    let running = try [
      Shop.placement("orders"), Shop.placement("payments"), Shop.placement("mail"),
    ]
    let cut = try plan(
      try Shop.plan(policy: .groups, services: ["mail", "orders", "payments"]), running)
    #expect(Set(cut.members.map(\.group)).count == 2)
    #expect(
      cut.member(try ServiceName("mail"))?.group != cut.member(try ServiceName("orders"))?.group)
    #expect(
      cut.member(try ServiceName("payments"))?.group == cut.member(try ServiceName("orders"))?.group
    )
  }

  @Test func `everything that matches nothing is named at once`() throws {
    let error = #expect(throws: OperationError.self) {
      try plan(try Shop.plan(), [])
    }
    #expect(error?.code == .invalid)
    #expect(
      error?.message.contains("service orders: its selector matches no running container") == true)
    #expect(
      error?.message.contains("service payments: its selector matches no running container") == true
    )
  }

  @Test func `two containers where one is expected are refused by name`() throws {
    var second = try Shop.placement("orders")
    second.container = try ContainerID("orders-2")
    second.pod = "orders-b"
    let running = try [Shop.placement("orders"), second, Shop.placement("payments")]
    let error = #expect(throws: OperationError.self) { try plan(try Shop.plan(), running) }
    #expect(error?.message.contains("matches 2 containers where one is expected") == true)
    #expect(error?.message.contains("orders-b") == true)
  }

  @Test func `what a cluster says of pods tells their containers apart`() throws {
    var first = try Shop.placement("orders")
    first.workload = Workload(owner: "Deployment/orders", namespaceLabels: ["team": "shop"])
    var second = first
    second.container = try ContainerID("orders-2")
    second.workload = Workload(owner: "Job/migrate", namespaceLabels: ["team": "shop"])
    for selector in [
      PlacementSelector(labels: [:], owner: "Deployment/orders"),
      PlacementSelector(
        labels: ["app": "orders"], owner: "Deployment/orders", namespaceLabels: ["team": "shop"]),
    ] {
      var wanted = try Shop.plan(services: ["orders"])
      wanted.services[0].selector = selector
      let members = try plan(wanted, [first, second]).members
      #expect(members.map(\.container) == [first.container])
      #expect(members.map(\.owner) == ["Deployment/orders"])
      wanted.services[0].selector.namespaceLabels = ["team": "other"]
      let error = #expect(throws: OperationError.self) { try plan(wanted, [first, second]) }
      #expect(error?.message.hasSuffix("its selector matches no running container") == true)
    }
  }

  @Test func `a selector that only a cluster can decide says when none did`() throws {
    var wanted = try Shop.plan(services: ["orders"])
    wanted.services[0].selector.owner = "Deployment/orders"
    let running = try [Shop.placement("orders"), Shop.placement("payments")]
    let error = #expect(throws: OperationError.self) { try plan(wanted, running) }
    #expect(
      error?.message.contains("no cluster told yet to what the pods of 1 containers belong") == true
    )
  }

  @Test func `a container that is not running does not match`() throws {
    var stopped = try Shop.placement("orders")
    stopped.pid = nil
    let error = #expect(throws: OperationError.self) {
      try plan(try Shop.plan(), [stopped, try Shop.placement("payments")])
    }
    #expect(error?.message.contains("service orders") == true)
  }

  @Test func `one volume in two members is refused`() throws {
    var thief = try Shop.placement("payments")
    thief.mounts = try Shop.placement("orders").mounts
    let error = #expect(throws: OperationError.self) {
      try plan(try Shop.plan(), [try Shop.placement("orders"), thief])
    }
    #expect(error?.message.contains("orders and payments share volume") == true)
  }

  @Test(arguments: [
    (Workload.Claim(name: "raw", volume: "pv", driver: "d", handle: "h", isBlock: true), "Block"),
    (Workload.Claim(name: "old", volume: "pv", isBlock: false), "no CSI driver"),
  ])
  func `all volumes are not all where a claim of the pod cannot be cut`(
    claim: Workload.Claim, reason: String
  ) throws {
    var orders = try Shop.placement("orders")
    orders.workload = Workload(owner: "Pod/orders", claims: [claim])
    let running = [orders, try Shop.placement("payments")]
    let error = #expect(throws: OperationError.self) { try plan(try Shop.plan(), running) }
    #expect(error?.message.contains("claim \(claim.name) of its pod") == true)
    #expect(error?.message.contains(reason) == true)
    var named = try Shop.plan()
    for index in named.services.indices { named.services[index].volumes = .paths(["/data"]) }
    #expect(try plan(named, running).members.count == 2)
  }

  @Test func `a claim of which nothing is known refuses no plan`() throws {
    var orders = try Shop.placement("orders")
    orders.workload = Workload(
      owner: "Pod/orders", claims: [Workload.Claim(name: "data", volume: "pv")])
    #expect(try plan(try Shop.plan(), [orders, try Shop.placement("payments")]).members.count == 2)
  }

  @Test func `a path without a CSI volume is refused, and the others are named`() throws {
    var shop = try Shop.plan()
    shop.services[0].volumes = .paths(["/elsewhere"])
    let error = #expect(throws: OperationError.self) {
      try plan(shop, [try Shop.placement("orders"), try Shop.placement("payments")])
    }
    #expect(
      error?.message.contains("no CSI volume is mounted at /elsewhere (there are: /data)") == true)
  }
}
