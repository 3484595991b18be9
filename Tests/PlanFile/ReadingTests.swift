import Model
import PlanFile
import Testing

struct `Reading a plan` {
  @Test func `the documented example is read as it stands`() throws {
    let read = try PlanFile.parse(shopPlan)
    let expected = BackupPlan(
      name: try PlanName("shop"), environment: .production, requires: .applicationConsistent,
      policy: .strict, freeze: FreezeLimits(budget: .seconds(2), cap: .seconds(10), drain: false),
      services: [
        PlannedService(
          name: try ServiceName("checkout"),
          selector: PlacementSelector(labels: ["app": "checkout"]),
          dependsOn: [try ServiceName("orders"), try ServiceName("payments")],
          holds: [
            .command(
              CommandHold(
                container: "app", pre: ["/app/pause"], post: ["/app/resume"],
                timeout: .seconds(5)))
          ], volumes: .all),
        PlannedService(
          name: try ServiceName("orders"), selector: PlacementSelector(labels: ["app": "orders"]),
          dependsOn: [], holds: [.postgresql(PostgreSQLHold()), .filesystem], volumes: .all),
        PlannedService(
          name: try ServiceName("payments"),
          selector: PlacementSelector(labels: ["app": "payments"]), dependsOn: [],
          holds: [.mariadb(MariaDBHold()), .filesystem], volumes: .all),
      ])
    #expect(read == expected)
  }

  @Test func `every setting of every hold is read`() throws {
    let read = try PlanFile.parse(
      plan(
        service: """
          hold:
            - postgresql: {user: backup, database: shop, socketDirectory: /run/pg/, port: 5433}
            - mariadb: {user: backup, socket: /run/m.sock, defaultsFile: /etc/backup.cnf}
            - redis: {port: 6380, socket: /run/r.sock, user: backup, passwordFile: /run/secret}
            - filesystem: {}
            - command: {container: side, pre: [sh, -c, "a; b"], post: [sh, ""], timeout: 500ms, fences: true}
          volumes: [/var/lib/a, /var//lib/b/]
          """))
    #expect(
      read.services[0].holds == [
        .postgresql(
          PostgreSQLHold(
            user: "backup", database: "shop", socketDirectory: "/run/pg", port: 5433)),
        .mariadb(
          MariaDBHold(user: "backup", socket: "/run/m.sock", defaultsFile: "/etc/backup.cnf")),
        .redis(
          RedisHold(
            port: 6380, socket: "/run/r.sock", user: "backup", passwordFile: "/run/secret")),
        .filesystem,
        .command(
          CommandHold(
            container: "side", pre: ["sh", "-c", "a; b"], post: ["sh", ""],
            timeout: .milliseconds(500), fences: true)),
      ])
    #expect(read.services[0].volumes == .paths(["/var/lib/a", "/var/lib/b"]))
  }

  @Test func `a selector takes labels directly, nested, and beside namespace, container and node`()
    throws
  {
    let read = try PlanFile.parse(
      plan(
        spec: """
          services:
            - name: orders
              selector:
                app.kubernetes.io/name: orders
                namespace: shop
                container: db
                node: node-2
                labels: {node: "blue", tier: ""}
              volumes: none
          """))
    #expect(
      read.services[0].selector
        == PlacementSelector(
          labels: ["app.kubernetes.io/name": "orders", "node": "blue", "tier": ""],
          namespace: "shop", container: "db", node: try NodeID("node-2")))
    #expect(read.services[0].volumes == VolumeSelection.none)
  }

  @Test func `a selector takes what a cluster says of the pod`() throws {
    let read = try PlanFile.parse(
      plan(
        spec: """
          services:
            - name: orders
              selector: {owner: Deployment/orders}
            - name: mail
              selector: {app: mail, labels: {owner: ann}, namespaceLabels: {team: shop, tier: ""}}
          """))
    #expect(
      read.services.map(\.selector) == [
        PlacementSelector(labels: [:], owner: "Deployment/orders"),
        PlacementSelector(
          labels: ["app": "mail", "owner": "ann"], namespaceLabels: ["team": "shop", "tier": ""]),
      ])
  }

  @Test func `what may be left out has the documented value`() throws {
    let read = try PlanFile.parse(plan(service: "hold: []"))
    #expect(read.policy == .strict)
    #expect(read.freeze == FreezeLimits(budget: .seconds(2), cap: .seconds(10), drain: false))
    #expect(read.services[0].volumes == .all)
    #expect(read.services[0].holds.isEmpty)
  }

  @Test func `a short cap without a budget lowers the budget`() throws {
    let read = try PlanFile.parse(
      plan(spec: "freeze: {cap: 1s}\nservices: [{name: a, selector: {app: a}}]"))
    #expect(read.freeze == FreezeLimits(budget: .seconds(1), cap: .seconds(1)))
  }
}
