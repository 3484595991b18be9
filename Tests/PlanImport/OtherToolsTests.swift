import Model
import PlanFile
import Testing

@testable import PlanImport

struct `Stork's rules` {
  private static let rules = """
    apiVersion: stork.libopenstorage.org/v1alpha1
    kind: Rule
    metadata: {name: quiet, namespace: shop}
    rules:
      - podSelector: {app: mysql}
        container: db
        actions:
          - type: command
            background: true
            value: mariadb --user=root --password=$P -Bse 'flush tables with read lock;system ${WAIT_CMD};'
    ---
    apiVersion: stork.libopenstorage.org/v1alpha1
    kind: Rule
    metadata: {name: loud, namespace: shop}
    rules:
      - podSelector: {app: cassandra}
        actions: [{type: command, value: nodetool flush, runInSinglePod: true}]
    ---
    apiVersion: stork.libopenstorage.org/v1alpha1
    kind: ApplicationBackup
    metadata: {name: b, namespace: shop}
    spec: {preExecRule: quiet, postExecRule: loud}

    """

  @Test func `a lock held in the background becomes the hold, a command runs where its use says`()
    throws
  {
    let plan = try imported(Self.rules)
    #expect(
      plan.plan.services == [
        PlannedService(
          name: try ServiceName("mysql"),
          selector: PlacementSelector(
            labels: ["app": "mysql"], namespace: "shop", container: "db"), dependsOn: [],
          holds: [.mariadb(MariaDBHold())], volumes: .all),
        PlannedService(
          name: try ServiceName("cassandra"),
          selector: PlacementSelector(labels: ["app": "cassandra"], namespace: "shop"),
          dependsOn: [], holds: [command(["true"], ["sh", "-c", "nodetool flush"]), .filesystem],
          volumes: .all),
      ])
  }

  @Test func `the older spelling and a rule that nobody uses are read, with a remark`() throws {
    let plan = try imported(
      """
      apiVersion: stork.libopenstorage.org/v1alpha1
      kind: Rule
      metadata: {name: px-presnap-rule}
      spec:
        - podSelector: {app: foo}
          actions: [{type: command, value: flush}]
      """)
    #expect(plan.holds == [[command(["sh", "-c", "flush"], ["true"]), .filesystem]])
    #expect(plan.remarks.contains { $0.text.contains("taken to run before the snapshot") })
  }

  @Test func `an unknown session in the background is lost, and its pods are frozen`() throws {
    let plan = try imported(
      """
      apiVersion: stork.libopenstorage.org/v1alpha1
      kind: Rule
      metadata: {name: pre}
      rules:
        - podSelector: {app: foo}
          actions: [{type: command, background: true, value: "ctl lock && ${WAIT_CMD}"}]
      """)
    #expect(plan.holds == [[.filesystem]])
    #expect(!plan.isComplete)
    #expect(!plan.text.contains("WAIT_CMD"))
  }

  @Test func `an action of one pod is held in one of those that were given`() throws {
    let rule = Self.rules + "---\n"
    let pods = ["c-0", "c-1"].map {
      pod($0, labels: "{app: cassandra, statefulset.kubernetes.io/pod-name: \($0)}")
    }
    let plan = try imported(rule + pods.joined(separator: "---\n"))
    #expect(plan.plan.services.map(\.name.text) == ["c-0"])
    #expect(plan.remarks.contains { $0.text.hasPrefix("runInSinglePod:") })
  }
}

struct `Kanister's blueprints` {
  private static let blueprint = """
    apiVersion: cr.kanister.io/v1alpha1
    kind: Blueprint
    metadata: {name: queue-hooks, namespace: kasten-io}
    actions:
      backup:
        phases:
          - func: KubeExec
            name: pause
            args:
              namespace: "{{ .StatefulSet.Namespace }}"
              pod: "{{ index .StatefulSet.Pods 0 }}"
              container: app
              command: [/app/pause]
          - func: BackupData
            name: copy
            args: {includePath: /data}
          - func: KubeExecAll
            name: templated
            args: {command: [echo, "{{ .Object.metadata.name }}"]}
        deferPhase:
          func: KubeExec
          name: resume
          args: {container: app, command: [/app/resume]}
      restore:
        phases: [{func: RestoreData, name: r}]
      restorePosthook:
        phases:
          - {func: KubeExec, name: warm, args: {container: app, command: [/app/warm]}}
          - {func: KubeTask, name: task, args: {image: i}}

    """
  private static let workload = """
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: queue
      namespace: shop
      annotations: {kanister.kasten.io/blueprint: queue-hooks}
    spec:
      template:
        metadata: {labels: {app: queue}}
        spec:
          containers: [{name: app, volumeMounts: [{name: d, mountPath: /data}]}]
          volumes: [{name: d, persistentVolumeClaim: {claimName: c}}]

    """

  @Test func `commands around the copy become a hold, every other function is named`() throws {
    let plan = try imported(Self.blueprint + Self.workload)
    #expect(plan.holds == [[command(["/app/pause"], ["/app/resume"]), .filesystem]])
    #expect(plan.plan.services.map(\.name.text) == ["queue"])
    #expect(!plan.isComplete)
    let lost = plan.remarks.filter { $0.outcome == .notCarried }.map(\.text)
    #expect(lost.contains { $0.hasPrefix("the function BackupData has no equal here") })
    #expect(lost.contains { $0.hasPrefix("its command is a template") })
    #expect(lost.contains { $0.hasPrefix("of a blueprint only its backup, and what follows") })
    #expect(lost.contains { $0.hasPrefix("the function KubeTask has no equal after a restore") })
    #expect(
      plan.plan.services.map(\.afterRestore) == [
        [RestoreHook(command: ["/app/warm"], timeout: .seconds(3600))]
      ])
  }

  @Test func `scaling to zero becomes a freeze`() throws {
    let scaled = """
      apiVersion: cr.kanister.io/v1alpha1
      kind: Blueprint
      metadata: {name: queue-hooks}
      actions:
        backup:
          phases:
            - {func: ScaleWorkload, name: down, args: {replicas: 0}}
            - {func: ScaleWorkload, name: up, args: {replicas: 1}}

      """
    let plan = try imported(scaled + Self.workload)
    #expect(plan.holds == [[.filesystem]])
    #expect(plan.isComplete)
  }

  @Test func `an ActionSet says for which workload it is`() throws {
    let actionSet = """
      ---
      apiVersion: cr.kanister.io/v1alpha1
      kind: ActionSet
      metadata: {name: now, namespace: kasten-io}
      spec:
        actions:
          - {name: backup, blueprint: queue-hooks, object: {kind: deployment, name: queue, namespace: shop}}

      """
    let workload = Self.workload.replacing(
      "annotations: {kanister.kasten.io/blueprint: queue-hooks}", with: "labels: {a: b}")
    let plan = try imported(
      Self.blueprint + actionSet + workload + "---\n" + pod("other"))
    #expect(plan.plan.services.map(\.name.text) == ["queue"])
    #expect(
      refusal(Self.blueprint)?.contains("nothing that was given says for which workload it is")
        == true)
  }
}

struct `Ramen's recipes` {
  private static let recipe = """
    apiVersion: ramendr.openshift.io/v1alpha1
    kind: Recipe
    metadata: {name: shop-recipe, namespace: shop}
    spec:
      appType: shop
      groups:
        - {name: volumes, type: volume, labelSelector: {matchLabels: {app: db}}}
        - {name: objects, type: resource, excludedResourceTypes: [pods]}
      hooks:
        - name: db
          type: exec
          labelSelector: {matchLabels: {app: db}}
          timeout: 20
          ops:
            - {name: pause, container: app, command: '["/app/pause", "a b"]', inverseOp: resume}
            - {name: resume, container: app, command: [/app/resume], timeout: 2m}
        - {name: ready, type: check, chks: [{name: replicas, condition: "{$.a} == {$.b}"}]}
      workflows:
        - name: backup
          sequence: [{hook: ready/replicas}, {hook: db/pause}, {group: volumes}, {hook: db/resume}]
        - name: restore
          sequence: [{hook: db/pause}, {group: volumes}, {hook: db/resume}]

    """

  @Test func `operations around the volumes become a hold, one to one`() throws {
    let plan = try imported(Self.recipe)
    #expect(plan.plan.name.text == "shop-recipe")
    #expect(
      plan.plan.services == [
        PlannedService(
          name: try ServiceName("db"),
          selector: PlacementSelector(labels: ["app": "db"], namespace: "shop", container: "app"),
          dependsOn: [],
          holds: [
            command(["/app/pause", "a b"], ["/app/resume"], timeout: .seconds(60)), .filesystem,
          ], volumes: .all,
          afterRestore: [RestoreHook(command: ["/app/resume"], timeout: .seconds(120))])
      ])
    let lost = plan.remarks.filter { $0.outcome == .notCarried }.map(\.field)
    #expect(
      lost == [
        "spec.workflows[0].sequence[0].hook", "spec.workflows[1].sequence[0].hook",
        "spec.groups[1]",
      ])
  }

  @Test func `a reverse operation that the sequence forgets ends the hold`() throws {
    let plan = try imported(Self.recipe.replacing(", {hook: db/resume}", with: ""))
    #expect(
      plan.holds == [
        [command(["/app/pause", "a b"], ["/app/resume"], timeout: .seconds(60)), .filesystem]
      ])
    #expect(plan.remarks.contains { $0.text.hasPrefix("the sequence does not run this reverse") })
  }

  @Test func `the pods of the volumes that it protects take part`() throws {
    let claim = """
      ---
      apiVersion: v1
      kind: PersistentVolumeClaim
      metadata: {name: store-data, namespace: shop, labels: {app: db}}

      """
    let plan = try imported(
      Self.recipe + "---\n" + pod("db") + "---\n" + pod("store") + "---\n" + pod("web") + claim)
    #expect(plan.plan.services.map(\.name.text) == ["db", "store"])
  }

  @Test func `a hook or operation that is not there is an error with its line`() {
    #expect(
      refusal(
        Self.recipe.replacing("{hook: db/pause}", with: "{hook: dbx/pause}", maxReplacements: 1))
        == "f1.yaml:20: spec.workflows[0].sequence[1].hook: no hook 'dbx' in this recipe")
    #expect(
      refusal(Self.recipe.replacing("{hook: db/pause}", with: "{hook: db/stop}"))?
        .contains("expected 'HOOK/OPERATION'") == true)
  }
}

struct `Longhorn's policies` {
  private static let policy = """
    apiVersion: longhorn.io/v1beta2
    kind: VolumeHookPolicy
    metadata: {name: demo, namespace: shop}
    spec:
      pvcNames: [db-data]
      hooks:
        - name: snap
          operations: [snapshot]
          exec:
            podSelector: {matchLabels: {app: db}}
            container: app
            preCommand: [/app/pause]
            postCommand: [/app/resume]
        - name: bak
          operations: [backup]
          exec:
            podSelector: {matchLabels: {app: db}}
            container: app
            preCommand: [/app/pause-long]
            postCommand: [/app/resume]

    """

  @Test func `hooks for snapshots are taken, in the pods that use the claims`() throws {
    let plan = try imported(
      Self.policy + "---\n" + pod("db") + "---\n" + pod("db-2", labels: "{app: db, x: y}"))
    #expect(plan.plan.services.map(\.volumes) == [.all])
    #expect(plan.holds == [[command(["/app/pause"], ["/app/resume"]), .filesystem]])
    #expect(plan.remarks(at: "spec.hooks[1].operations").count == 1)
    let alone = try imported(Self.policy)
    #expect(alone.plan.services[0].selector.labels == ["app": "db"])
    #expect(alone.plan.services[0].selector.container == "app")
  }

  @Test func `claims that are selected by labels need to be given`() throws {
    let byLabel = Self.policy.replacing(
      "pvcNames: [db-data]", with: "pvcSelector: {matchLabels: {group: g}}")
    #expect(refusal(byLabel + "---\n" + pod("db"))?.contains("import the claims with it") == true)
    let claim = """
      ---
      apiVersion: v1
      kind: PersistentVolumeClaim
      metadata: {name: db-data, namespace: shop, labels: {group: g}}

      """
    #expect(try imported(byLabel + "---\n" + pod("db") + claim).plan.services.count == 1)
  }
}

struct `K8up and VolSync` {
  @Test func `a dump becomes the hold of its database`() throws {
    let plan = try imported(
      pod(
        "db",
        annotations: [
          "k8up.io/backupcommand":
            #"sh -c ''PGDATABASE="$D" PGUSER="$U" PGPASSWORD="$P" pg_dump --clean''"#,
          "k8up.io/file-extension": ".sql",
        ]))
    #expect(plan.holds == [[.postgresql(PostgreSQLHold()), .filesystem]])
    #expect(plan.remarks(at: "k8up.io/file-extension").count == 1)
    #expect(
      plan.remarks(at: "k8up.io/backupcommand").first?.contains(
        "the dump becomes the hold 'postgresql'")
        == true)
    let tar = try imported(pod("files", annotations: ["k8up.io/backupcommand": "tar -c /data"]))
    #expect(tar.holds == [[.filesystem]])
    #expect(!tar.isComplete)
    let mongo = try imported(
      pod("m", annotations: ["k8up.io/backupcommand": "mongodump --archive"]))
    #expect(mongo.holds == [[.filesystem]])
  }

  @Test func `a copy trigger makes its pods take part, and the script behind it is missed`() throws
  {
    let claim = """
      ---
      apiVersion: v1
      kind: PersistentVolumeClaim
      metadata:
        name: web-data
        namespace: shop
        annotations: {volsync.backube/use-copy-trigger: ""}

      """
    let plan = try imported(pod("web") + claim)
    #expect(plan.holds == [[.filesystem]])
    #expect(!plan.isComplete)
    #expect(plan.remarks(at: "volsync.backube/use-copy-trigger").count == 1)
    #expect(refusal(claim)?.contains("no pod was given that uses the claim") == true)
  }
}
