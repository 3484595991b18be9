import Model
import PlanFile
import Testing

@testable import PlanImport

struct `Velero's annotations` {
  private static let pre = "pre.hook.backup.velero.io/"
  private static let post = "post.hook.backup.velero.io/"

  @Test func `commands before and after become one hold, with its timeout, and a freeze after it`()
    throws
  {
    let plan = try imported(
      pod(
        "queue",
        annotations: [
          Self.pre + "command": #"["/app/pause", "--all"]"#, Self.pre + "timeout": "20s",
          Self.post + "command": #"["/app/resume"]"#, Self.post + "timeout": "1m30s",
        ]))
    #expect(
      plan.plan
        == BackupPlan(
          name: try PlanName("shop"), environment: .production, requires: .crashConsistent,
          policy: .strict, freeze: FreezeLimits(cap: .seconds(60)),
          services: [
            PlannedService(
              name: try ServiceName("queue"),
              selector: PlacementSelector(labels: ["app": "queue"], namespace: "shop"),
              dependsOn: [],
              holds: [
                command(["/app/pause", "--all"], ["/app/resume"], timeout: .seconds(60)),
                .filesystem,
              ], volumes: .all)
          ]))
    #expect(plan.isComplete)
    #expect(plan.remarks(at: Self.pre + "command") == ["carried: pre of a hold 'command'"])
    #expect(
      plan.remarks(at: Self.post + "command") == [
        "changed: its timeout of 90s becomes 1m: nothing may be held longer",
        "carried: post of a hold 'command'",
      ])
  }

  @Test func `a comment says where each part came from`() throws {
    let plan = try imported(
      pod("queue", annotations: [Self.pre + "command": #"["/app/pause"]"#]))
    #expect(plan.text.contains("    # from Pod shop/queue\n    - name: queue\n"), "\(plan.text)")
    #expect(plan.text.contains("  # from Pod shop/queue, pre.hook.backup.velero.io/command\n"))
    #expect(plan.text.contains("environment: production  # not told by what was read\n"))
  }

  @Test func `the older annotations without a phase mean before`() throws {
    let plan = try imported(
      pod("queue", annotations: ["hook.backup.velero.io/command": "/app/pause"]))
    #expect(
      plan.holds == [[command(["/app/pause"], ["true"], timeout: .seconds(10)), .filesystem]])
    let both = try imported(
      pod(
        "queue",
        annotations: [
          "hook.backup.velero.io/command": "/app/old", Self.pre + "command": "/app/new",
        ]))
    #expect(both.holds == [[command(["/app/new"], ["true"], timeout: .seconds(10)), .filesystem]])
  }

  @Test func `a timeout that is no duration is the default, as there, and is warned of`() throws {
    let plan = try imported(
      pod(
        "queue",
        annotations: [
          Self.pre + "command": "/app/pause", Self.pre + "timeout": "300",
          Self.post + "command": "/app/resume",
        ]))
    #expect(
      plan.remarks(at: Self.pre + "timeout") == [
        "changed: '300' is no duration: Velero takes 30s for it without a word; write 300s if seconds are meant"
      ])
    #expect(plan.plan.freeze == FreezeLimits(cap: .seconds(10)))
    #expect(
      plan.holds == [
        [command(["/app/pause"], ["/app/resume"], timeout: .seconds(10)), .filesystem]
      ])
    #expect(
      plan.remarks(at: Self.post + "command").first
        == "changed: no timeout was given; instead of the 30s there, it has 10s, the longest that this plan holds anything"
    )
  }

  @Test func `what begins like JSON and is none is one word, as there`() throws {
    let plan = try imported(
      pod("queue", annotations: [Self.pre + "command": #"["/app/pause", 3]"#]))
    #expect(
      plan.holds == [
        [command([#"["/app/pause", 3]"#], ["true"], timeout: .seconds(10)), .filesystem]
      ])
    #expect(plan.remarks(at: Self.pre + "command").contains { $0.contains("is none: as there") })
    let words = try imported(pod("queue", annotations: [Self.pre + "command": "/app/pause --all"]))
    #expect(
      words.holds == [
        [command(["/app/pause --all"], ["true"], timeout: .seconds(10)), .filesystem]
      ])
    #expect(words.remarks(at: Self.pre + "command").contains { $0.contains("it has spaces") })
  }

  @Test func `the container is the one named, else the first, and one that is not there is lost`()
    throws
  {
    let side = "    - {name: side, image: example.org/side:1}"
    let plan = try imported(
      pod(
        "queue",
        annotations: [
          Self.pre + "command": "/side/pause", Self.pre + "container": "side",
          Self.post + "command": "/side/resume", Self.post + "container": "side",
        ], extra: side))
    // The member is the container that keeps something; the command runs beside it.
    #expect(plan.plan.services[0].selector.container == "app")
    #expect(
      plan.holds == [
        [
          command(["/side/pause"], ["/side/resume"], container: "side", timeout: .seconds(10)),
          .filesystem,
        ]
      ])
    let refused = refusal(
      pod(
        "queue", annotations: [Self.pre + "command": "/x", Self.pre + "container": "gone"]))
    #expect(refused?.contains("Pod shop/queue has no container 'gone'") == true)
  }

  @Test func `going on after an error is not carried, which the result says`() throws {
    let plan = try imported(
      pod(
        "queue", annotations: [Self.pre + "command": "/x", Self.pre + "on-error": "Continue"]))
    #expect(!plan.isComplete)
    #expect(
      plan.remarks(at: Self.pre + "on-error").first?.hasPrefix("not carried: Continue") == true)
    let fails = try imported(
      pod("queue", annotations: [Self.pre + "command": "/x", Self.pre + "on-error": "Fail"]))
    #expect(fails.isComplete)
  }

  @Test func `the hook after a restore is carried, one in an init container is named as lost`()
    throws
  {
    let after = "post.hook.restore.velero.io/"
    let plan = try imported(
      pod(
        "queue",
        annotations: [
          Self.pre + "command": "/x", after + "command": #"["/y", "a b"]"#,
          after + "container": "side", after + "exec-timeout": "2m", after + "on-error": "Fail",
          after + "wait-for-ready": "true",
        ]))
    #expect(plan.isComplete)
    #expect(
      plan.plan.services.map(\.afterRestore) == [
        [
          RestoreHook(
            container: "side", command: ["/y", "a b"], timeout: .seconds(120), onFailure: .fail)
        ]
      ])
    let usual = try imported(
      pod(
        "queue",
        annotations: [
          after + "command": "/y", after + "wait-timeout": "5m", after + "exec-timeout": "2h",
          "init.hook.restore.velero.io/container-image": "z",
        ]))
    #expect(!usual.isComplete)
    // As there: its failure is only logged, and no time is 30 s. Its volumes are frozen, since no hook held them.
    #expect(
      usual.plan.services.map(\.afterRestore) == [
        [RestoreHook(command: ["/y"], timeout: .seconds(3600), onFailure: .continue)]
      ])
    #expect(usual.holds == [[.filesystem]])
    #expect(
      usual.remarks(at: after + "command").contains {
        $0.contains("once its workload is ready, and not as soon as its container runs")
      })
    #expect(usual.remarks(at: after + "wait-timeout").first?.hasPrefix("changed: ") == true)
    #expect(
      usual.remarks(at: "init.hook.restore.velero.io/container-image").first?.hasPrefix(
        "not carried: a restore adds no init containers") == true)
  }

  @Test func `hooks of a Restore object are carried, and the pod's own take precedence`() throws {
    let restore = """
      ---
      apiVersion: velero.io/v1
      kind: Restore
      metadata: {name: back, namespace: velero}
      spec:
        backupName: nightly
        includedNamespaces: ['*']
        hooks:
          resources:
            - name: repair
              includedNamespaces: [shop]
              labelSelector: {matchLabels: {app: queue}}
              postHooks:
                - exec: {container: app, command: [/repair], execTimeout: 45s, onError: Fail, waitForReady: true}
                - init: {initContainers: [{name: i}]}

      """
    let plan = try imported(pod("queue") + restore)
    #expect(
      plan.plan.services.map(\.afterRestore) == [
        [RestoreHook(command: ["/repair"], timeout: .seconds(45), onFailure: .fail)]
      ])
    #expect(plan.remarks(at: "spec.backupName").first?.hasPrefix("not carried: ") == true)
    let own = try imported(
      pod("queue", annotations: ["post.hook.restore.velero.io/command": "/own"]) + restore)
    #expect(own.plan.services.map { $0.afterRestore?.map(\.command) } == [[["/own"]]])
  }

  @Test func `what Velero leaves out is left out`() throws {
    let excluded = pod(
      "old", annotations: [Self.pre + "command": "/x"],
      labels: #"{app: old, velero.io/exclude-from-backup: "true"}"#)
    let plan = try imported(
      excluded + "---\n" + pod("queue", annotations: [Self.pre + "command": "/x"]))
    #expect(plan.plan.services.map(\.name.text) == ["queue"])
    #expect(
      plan.remarks(at: "velero.io/exclude-from-backup") == ["carried: left out, as it asks for"])
    let claim = """
      ---
      apiVersion: v1
      kind: PersistentVolumeClaim
      metadata: {name: queue-data, namespace: shop, labels: {velero.io/exclude-from-backup: "true"}}
      """
    let without = try imported(
      pod("queue", annotations: [Self.pre + "command": "/x"]) + claim)
    #expect(without.plan.services[0].volumes == VolumeSelection.none)
  }

  @Test func `a password goes into the plan, and never into a remark`() throws {
    let plan = try imported(
      pod(
        "queue",
        annotations: [
          Self.pre + "command": #"["/bin/sh", "-c", "ctl --password=hunter2 pause"]"#
        ]))
    #expect(plan.text.contains("hunter2"))
    #expect(plan.remarks.contains { $0.text.contains("seems to carry a password") })
    #expect(!plan.remarks.contains { "\($0)".contains("hunter2") })
    #expect(
      !plan.text.split(separator: "\n").contains { line in
        line.split(separator: "#").dropFirst().contains { $0.contains("hunter2") }
      })
  }

  @Test func `a workload's template stands for the pods that it will make`() throws {
    let plan = try imported(
      """
      apiVersion: apps/v1
      kind: StatefulSet
      metadata: {name: db, namespace: shop}
      spec:
        replicas: 2
        selector: {matchLabels: {app: db}}
        template:
          metadata:
            labels: {app: db}
            annotations: {pre.hook.backup.velero.io/command: /x}
          spec:
            containers:
              - {name: db, image: x, volumeMounts: [{name: data, mountPath: /d}]}
        volumeClaimTemplates: [{metadata: {name: data}}]
      """)
    #expect(plan.plan.services.map(\.name.text) == ["db-0", "db-1"])
    #expect(
      plan.plan.services[1].selector
        == PlacementSelector(
          labels: ["app": "db", "statefulset.kubernetes.io/pod-name": "db-1"], namespace: "shop"))
    #expect(plan.plan.services[1].volumes == .all)
  }

  @Test func `replicas that nothing tells apart are one service, which is said to be refused`()
    throws
  {
    let texts = ["web-1", "web-2"].map {
      pod($0, annotations: [Self.pre + "command": "/x"], labels: "{app: web}")
    }
    let plan = try imported(texts.joined(separator: "---\n"))
    #expect(plan.plan.services.count == 1)
    #expect(!plan.isComplete)
    #expect(plan.remarks.contains { $0.text.hasPrefix("more pods than one have these labels") })
  }

  @Test func `only pods of the namespace that was asked for are read`() throws {
    let other = pod("queue", annotations: [Self.pre + "command": "/x"])
      .replacing("namespace: shop", with: "namespace: other")
    let here = pod("queue", annotations: [Self.pre + "command": "/x"])
    let plan = try imported(other + "---\n" + here, options: ImportOptions(namespace: "shop"))
    #expect(plan.plan.services.map(\.selector.namespace) == ["shop"])
    let both = try imported(other + "---\n" + here)
    #expect(both.plan.services.map(\.name.text) == ["queue", "shop-queue"])
  }
}
