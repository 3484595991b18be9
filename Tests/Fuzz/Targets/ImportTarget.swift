import Model
import PlanFile
import PlanImport

extension FuzzTarget {
  /// Manifests with other tools' hooks.
  static let planImport = FuzzTarget(
    name: "plan-import",
    words: [
      "apiVersion: v1\n", "kind: Pod\n", "kind: List\n", "items:\n", "metadata: ", "spec:\n",
      "---\n",
      "annotations: ", "pre.hook.backup.velero.io/command: ", "pre.hook.backup.velero.io/timeout: ",
      "'[\"sh\",\"-c\",\"x\"]'", "fsfreeze -f /a", "fsfreeze -u /..",
      "mysql -e 'flush tables with read lock'",
      "psql -U a -h /run -c checkpoint", "redis-cli -s /a/../b save", "mongosh fsyncLock",
      "su - a -c '",
      "labels: {a b: c}", "matchExpressions: ", "operator: In", "replicas: 64",
      "9223372036854775807h",
      "\"\\u0085\\u2028*a &b\"", "{{ .X }}", "background: true", "inverseOp: ", "func: KubeExec",
      "mountPath: a/..",
    ],
    seeds: {
      [
        """
        apiVersion: v1
        kind: Pod
        metadata:
          name: web
          namespace: shop
          labels: {app: web, "a/b": ""}
          annotations:
            pre.hook.backup.velero.io/command: '["sh", "-c", "sync; fsfreeze -f /data"]'
            pre.hook.backup.velero.io/timeout: "300"
            post.hook.backup.velero.io/command: /app/resume
            k8up.io/backupcommand: pg_dump -U a shop
        spec:
          containers: [{name: app, image: a, volumeMounts: [{name: d, mountPath: /data}]}]
          volumes: [{name: d, persistentVolumeClaim: {claimName: c}}]
        ---
        apiVersion: velero.io/v1
        kind: Backup
        metadata: {name: b}
        spec:
          includedNamespaces: [shop]
          ttl: 1h
          hooks:
            resources:
              - name: x
                labelSelector: {matchLabels: {app: web}, matchExpressions: [{key: k, operator: Exists}]}
                pre: [{exec: {container: app, command: [/x], timeout: 1m30s}}]
        """,
        """
        apiVersion: stork.libopenstorage.org/v1alpha1
        kind: Rule
        metadata: {name: pre}
        rules:
          - podSelector: {app: mysql}
            actions: [{type: command, background: true, value: "mysql -Bse 'flush tables with read lock;system ${WAIT_CMD};'"}]
        ---
        apiVersion: ramendr.openshift.io/v1alpha1
        kind: Recipe
        metadata: {name: r, namespace: n}
        spec:
          groups: [{name: v, type: volume}]
          hooks:
            - {name: h, type: exec, labelSelector: {matchLabels: {a: b}}, timeout: 3, ops: [{name: p, command: a b, inverseOp: q}, {name: q, command: [c]}]}
          workflows: [{name: backup, sequence: [{hook: h/p}, {group: v}, {hook: h/q}]}]
        ---
        apiVersion: longhorn.io/v1beta2
        kind: VolumeHookPolicy
        metadata: {name: l, namespace: n}
        spec: {pvcNames: [c], hooks: [{exec: {podSelector: {matchLabels: {a: b}}, preCommand: [a], postCommand: [b]}}]}
        """,
        """
        apiVersion: cr.kanister.io/v1alpha1
        kind: Blueprint
        metadata: {name: k}
        actions:
          backup:
            phases: [{func: KubeExec, name: a, args: {command: [redis-cli, save]}}, {func: BackupData}]
            deferPhase: {func: KubeExec, args: {command: [a]}}
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: s, annotations: {kanister.kasten.io/blueprint: k}}
        spec:
          replicas: 2
          template:
            metadata: {labels: {app: s}}
            spec: {containers: [{name: c, volumeMounts: [{name: d, mountPath: /d}]}]}
          volumeClaimTemplates: [{metadata: {name: d}}]
        """,
      ].map { Array($0.utf8) }
    },
    run: { bytes in
      let text = String(decoding: bytes, as: UTF8.self)
      let imported: ImportedPlan
      do throws(ImportError) {
        imported = try PlanImport.plan(from: [ImportInput(name: "input", text: text)])
      } catch {
        // That the import made something which it then found wrong is a defect, not the input's fault.
        try BrokenPromise.unless(!error.description.contains("the plan that was made"), "\(error)")
        return try BrokenPromise.unlessShort(
          error.description, atMost: 64 << 10 + 100 * text.utf8.count)
      }
      try BrokenPromise.unlessSame(
        try PlanFile.parse(imported.text), imported.plan, "a plan that was imported")
      for remark in imported.remarks {
        try BrokenPromise.unlessShort(remark.text, atMost: 4096)
        try BrokenPromise.unless(
          !remark.object.unicodeScalars.contains { $0.properties.generalCategory == .control },
          "a control character in \(remark)")
      }
    })
}
