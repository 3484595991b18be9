import Model
import PlanFile
import Testing

@testable import PlanImport

/// A backup of the namespace `shop` with hooks for pods labelled `app: db`.
private let backup = """
  apiVersion: velero.io/v1
  kind: Backup
  metadata: {name: nightly, namespace: velero}
  spec:
    includedNamespaces: [shop]
    ttl: 720h0m0s
    csiSnapshotTimeout: 10m
    orderedResources: {pods: "shop/db-1,shop/db-0"}
    hooks:
      resources:
        - name: quiesce
          includedNamespaces: [shop, other]
          labelSelector: {matchLabels: {app: db}}
          pre:
            - exec: {container: app, command: [/a/pause], timeout: 4s}
            - exec: {container: app, command: [/b/pause], timeout: 4s}
          post:
            - exec: {container: app, command: [/b/resume], timeout: 4s}
            - exec: {container: app, command: [/a/resume], timeout: 4s}

  """

struct `Velero's backups and schedules` {
  @Test func `hooks without pods select by their labels, and keep their order`() throws {
    let plan = try imported(backup)
    #expect(plan.plan.name.text == "nightly")
    #expect(
      plan.plan.services == [
        PlannedService(
          name: try ServiceName("db"),
          selector: PlacementSelector(labels: ["app": "db"], namespace: "shop", container: "app"),
          dependsOn: [],
          holds: [
            command(["/a/pause"], ["/a/resume"], timeout: .seconds(4)),
            command(["/b/pause"], ["/b/resume"], timeout: .seconds(4)), .filesystem,
          ], volumes: .all)
      ])
  }

  @Test func `what has no equal is named with its reason`() throws {
    let plan = try imported(backup)
    #expect(!plan.isComplete)
    #expect(
      plan.remarks(at: "spec.ttl") == [
        "not carried: this version deletes no backups by itself; use 'stillpoint backup delete'"
      ])
    #expect(
      plan.remarks(at: "spec.csiSnapshotTimeout").first?.hasPrefix("not carried: a snapshot")
        == true)
    #expect(plan.remarks(at: "spec.orderedResources").first?.hasPrefix("changed: no order") == true)
    #expect(plan.remarks.first { $0.field == "spec.ttl" }?.line == 6)
    #expect(plan.remarks.first { $0.field == "spec.ttl" }?.object == "Backup velero/nightly")
  }

  @Test func `a schedule's template is read, and the backups that it made are not`() throws {
    let schedule = """
      apiVersion: velero.io/v1
      kind: Schedule
      metadata: {name: daily, namespace: velero}
      spec:
        schedule: "0 3 * * *"
        template:
          hooks:
            resources:
              - name: quiesce
                labelSelector: {matchLabels: {app: db}}
                pre: [{exec: {command: [/a/pause]}}]
      ---
      apiVersion: velero.io/v1
      kind: Backup
      metadata: {name: daily-2026, namespace: velero, labels: {velero.io/schedule-name: daily}}
      spec: {ttl: 1h}
      """
    let plan = try imported(schedule)
    #expect(plan.plan.name.text == "daily")
    #expect(
      plan.remarks(at: "spec.schedule").first?.hasPrefix(
        "not carried: this version has no schedules") == true)
    #expect(plan.remarks(at: "spec.ttl").isEmpty)
  }

  @Test func `a pod's own annotations take precedence, for each phase`() throws {
    let annotated = pod(
      "db", annotations: ["pre.hook.backup.velero.io/command": #"["/own/pause"]"#])
    let plan = try imported(annotated + "---\n" + backup)
    #expect(
      plan.holds == [
        [
          command(["/own/pause"], ["/a/resume"], timeout: .seconds(10)),
          command(["true"], ["/b/resume"], timeout: .seconds(4)), .filesystem,
        ]
      ])
    #expect(!plan.text.contains("/a/pause"))
    #expect(plan.text.contains("/a/resume"))
    #expect(plan.remarks.contains { $0.text.contains("take precedence") })
  }

  @Test func `pods that the backup contains without a hook take part, others do not`() throws {
    let plain = pod("web")
    let elsewhere = pod("far").replacing("namespace: shop", with: "namespace: far")
    let plan = try imported(pod("db") + "---\n" + plain + "---\n" + elsewhere + "---\n" + backup)
    #expect(plan.plan.services.map(\.name.text) == ["db", "web"])
    #expect(plan.holds[1] == [.filesystem])
    #expect(plan.remarks.contains { $0.object == "Pod shop/web" && $0.outcome == .changed })
  }

  @Test func `hooks for every pod need the pods`() throws {
    let all = backup.replacing(
      "labelSelector: {matchLabels: {app: db}}", with: "excludedResources: []")
    #expect(
      refusal(all)?.contains(
        "import the pods with it, as in 'kubectl get pods,backups -A -o yaml | stillpoint plan import -f -'"
      )
        == true)
    let plan = try imported(all + "---\n" + pod("db"))
    #expect(plan.plan.services.map(\.name.text) == ["db"])
  }

  @Test func `expressions select among the pods, and cannot stand in a plan`() throws {
    let expressions = backup.replacing(
      "{matchLabels: {app: db}}",
      with: "{matchExpressions: [{key: app, operator: In, values: [db, cache]}]}")
    let plan = try imported(
      expressions + "---\n" + pod("db") + "---\n" + pod("cache") + "---\n"
        + pod("web", labels: "{app: web, velero.io/exclude-from-backup: \"true\"}"))
    #expect(plan.plan.services.map(\.name.text) == ["db", "cache"])
    #expect(refusal(expressions)?.contains("it names no labels") == true)
  }

  @Test func `a hundred old backups say what one says`() throws {
    let many = (0..<100).map { backup.replacing("nightly", with: "nightly-\($0)") }
    let plan = try imported(many.joined(separator: "---\n"))
    #expect(plan.plan.services.count == 1)
    #expect(plan.holds[0].count == 3)
    #expect(plan.plan.name.text == "imported")
  }
}
