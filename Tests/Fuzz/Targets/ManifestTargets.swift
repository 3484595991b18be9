import CoordinatorCore
import CutProtocol
import Foundation
import Identity
import Model
import OperatorFakes
import PlanFile
import PlanImport

@testable import CoordinatorKubernetes
@testable import KubernetesClient

extension FuzzTarget {
  private static let types: [ResourceType] = [
    .services, .pods, .jobs, .persistentVolumeClaims, .persistentVolumes, .namespaces, .secrets,
    .configMaps, .serviceAccounts, .deployments,
  ]

  /// Objects of a namespace, on their way into a backup.
  static let manifest = FuzzTarget(
    name: "manifest",
    words: [
      "\"metadata\":{", "\"managedFields\":[", "\"fieldsV1\":{\"f:spec\":{\"f:ports\":{",
      "\"k:{\\\"port\\\":80,\\\"protocol\\\":\\\"TCP\\\"}\":{\"f:nodePort\":{}}", "\"nodePort\":",
      "\"clusterIP\":\"None\"", "\"ownerReferences\":[", "\"controller\":true", "\"status\":{",
      "\"finalizers\":[\"kubernetes.io/pvc-protection\"]", "\"volumes\":[", "\"containers\":[",
      "kube-api-access-", "\"manualSelector\":true", "\"annotations\":{", "1.0", "1E400", "\\u0000",
      "\\ud83d\\ude00", "\"name\":",
    ],
    seeds: {
      let service = #"""
        {"metadata":{"name":"s","managedFields":[{"fieldsV1":{"f:spec":{"f:ports":{
        "k:{\"port\":80,\"protocol\":\"TCP\"}":{"f:nodePort":{}}}}}}]},"spec":{"clusterIP":"10.0.0.1",
        "ports":[{"port":80,"protocol":"TCP","nodePort":30080},{"port":81,"nodePort":30081}]}}
        """#
      return try [
        [0] + Array(service.utf8), [1] + Recorded.bytes("pod-running.json"),
        [3] + Recorded.bytes("pvc-bound.json"), [4] + Recorded.bytes("pv-bound.json"),
        [5] + Recorded.bytes("namespace-terminating.json"),
        [7] + Recorded.bytes("configmap-server-side-applied.json"),
        [9] + Recorded.bytes("deployment.json"),
      ]
    },
    run: { bytes in
      guard let kind = bytes.first, let value = try? JSONValue(json: Array(bytes.dropFirst())),
        let object = KubernetesObject(value)
      else { return }
      let type = types[Int(kind) % types.count]
      _ = ManifestTrim.owner(of: object)
      guard let trimmed = ManifestTrim.manifest(object, of: type) else { return }
      for field in ["uid", "resourceVersion", "managedFields", "ownerReferences"] {
        try BrokenPromise.unless(trimmed["metadata", field] == nil, "\(field) is in a manifest")
      }
      try BrokenPromise.unless(trimmed["status"] == nil, "a status is in a manifest")
      try BrokenPromise.unlessSame(
        try JSONValue(json: trimmed.value.bytes).bytes, trimmed.value.bytes, "a manifest")
      // A Service's ports are judged by its managed fields, which the first time has taken away.
      if type != .services {
        try BrokenPromise.unlessSame(
          ManifestTrim.manifest(trimmed, of: type)?.value.bytes, trimmed.value.bytes,
          "a manifest that is trimmed twice")
      }
      try checkSeal(Data(trimmed.value.bytes))
    })

  private static let seal = ManifestSeal(key: Data(repeating: 7, count: ManifestSeal.keySize))

  private static func checkSeal(_ content: Data) throws {
    guard let seal else { return }
    let manifest = BackupManifest(
      apiVersion: "v1", kind: "Secret", resource: "secrets", namespace: "shop", name: "s", uid: "u",
      resourceVersion: "1", standing: .atWitness, content: content)
    var sealed = try seal.sealed(manifest, of: "b1")
    try BrokenPromise.unlessSame(try seal.opened(sealed, of: "b1"), content, "a sealed manifest")
    try BrokenPromise.unless((try? seal.opened(sealed, of: "b2")) == nil, "another backup's Secret")
    sealed.content = content
    try BrokenPromise.unless((try? seal.opened(sealed, of: "b1")) == nil, "a forged Secret")
  }

  /// Stored manifests, on their way back into a cluster: whatever they say, one namespace's restore stays in it.
  static let objectRestore = FuzzTarget(
    name: "object-restore",
    words: [
      "\"resource\":\"persistentvolumes\"", "\"resource\":\"persistentvolumeclaims\"",
      "\"resource\":\"namespaces\"", "\"resource\":\"deployments.apps\"",
      "\"resource\":\"jobs.batch\"",
      "\"resource\":\"rolebindings.rbac.authorization.k8s.io\"", "\"standing\":\"appeared\"",
      "\"namespace\":\"shop\"", "\"namespace\":null", "\"claimRef\":{", "\"volumeHandle\":\"v-1\"",
      "\"replicas\":-1", "\"replicas\":9223372036854775807", "\"volumeClaimTemplates\":[",
      "\"subjects\":[{\"namespace\":\"shop\"}]", "\"isFact\":true", "\"name\":\"../..\"",
    ],
    seeds: {
      func stored(_ resource: String, _ kind: String, _ content: String, fact: Bool = false)
        -> String
      {
        """
        {"resource":"\(resource)","kind":"\(kind)","apiVersion":"v1","namespace":\(fact ? "null" : "\"shop\""),
        "name":"x","standing":"at-witness","isFact":\(fact),"content":\(content)}
        """
      }
      let volume = #"""
        {"kind":"PersistentVolume","metadata":{"name":"pv"},"spec":{"capacity":{"storage":"1Gi"},
        "csi":{"driver":"d.example","volumeHandle":"v-1"},"claimRef":{"namespace":"shop","name":"x"}}}
        """#
      let claim = #"""
        {"kind":"PersistentVolumeClaim","metadata":{"name":"x","namespace":"shop"},
        "spec":{"storageClassName":"fast","resources":{"requests":{"storage":"1Gi"}}}}
        """#
      let workload = #"""
        {"kind":"StatefulSet","metadata":{"name":"orders","namespace":"shop"},"spec":{"replicas":3,
        "volumeClaimTemplates":[{"spec":{"storageClassName":"fast"}}]}}
        """#
      let binding = #"""
        {"kind":"RoleBinding","metadata":{"name":"x","namespace":"shop"},"subjects":[{"kind":"ServiceAccount",
        "name":"a","namespace":"shop"}]}
        """#
      return [
        "[" + stored("persistentvolumes", "PersistentVolume", volume, fact: true) + ","
          + stored("persistentvolumeclaims", "PersistentVolumeClaim", claim) + "]",
        "[" + stored("statefulsets.apps", "StatefulSet", workload) + ","
          + stored("rolebindings.rbac.authorization.k8s.io", "RoleBinding", binding) + "]",
        "[" + stored("namespaces", "Namespace", #"{"metadata":{"name":"shop"}}"#) + ","
          + stored("jobs.batch", "Job", #"{"metadata":{"name":"x"}}"#) + ","
          + stored("pods", "Pod", #"{"metadata":{"name":"orders-0"},"spec":{}}"#) + "]",
      ].map { Array($0.utf8) }
    },
    run: { bytes in
      let manifests = stored(bytes)
      guard !manifests.isEmpty else { return }
      for isHome in [true, false] {
        let job = ObjectRestoreJob(
          restore: RestoreID(accepted: "r-1"), backup: BackupID(accepted: "b-1"),
          order: ObjectRestoreOrder(
            namespaces: ["shop": "copy"], storageClasses: ["fast": "slow"], mayUseCluster: isHome),
          services: try Example.sealedPlan().plan.members, manifests: manifests, snapshots: [])
        let items: [RestoreItem]
        do throws(OperationError) {
          items = try RestoreItems(job).all()
        } catch {
          try BrokenPromise.unlessShort(error.description, atMost: 4096 + 2 * bytes.count)
          continue
        }
        try check(items, job)
        _ = ServiceOrder(job, items).steps
      }
    })

  private static func stored(_ bytes: [UInt8]) -> [BackupManifest] {
    guard let value = try? JSONValue(json: bytes) else { return [] }
    return (value.array ?? []).map { entry in
      func text(_ key: String) -> String { entry[key]?.string ?? "" }
      return BackupManifest(
        apiVersion: text("apiVersion"), kind: text("kind"), resource: text("resource"),
        namespace: entry["namespace"]?.string, name: text("name"), uid: "u", resourceVersion: "1",
        standing: BackupManifest.Standing(rawValue: text("standing")) ?? .atWitness,
        isFact: entry["isFact"]?.bool ?? false,
        content: Data((entry["content"] ?? .null).bytes))
    }
  }

  private static func check(_ items: [RestoreItem], _ job: ObjectRestoreJob) throws {
    for item in items where !item.isLeftOut {
      let bytes = item.object.value.bytes
      try BrokenPromise.unlessSame(try JSONValue(json: bytes).bytes, bytes, "an item")
      if !job.order.mayUseCluster {
        try BrokenPromise.unless(
          item.stage > .storage,
          "\(item.type) \(item.object.name) is made for a namespace's restore")
      }
      if item.stage == .workloads {
        try BrokenPromise.unless(item.object["spec", "replicas"] == 0, "a workload starts at once")
      }
    }
  }

  /// A namespace that consents, with its pods, on their way to a plan.
  static let annotatedPods = FuzzTarget(
    name: "annotated-pods",
    words: [
      "pre.hook.backup.velero.io/command", "post.hook.backup.velero.io/command",
      "pre.hook.backup.velero.io/container", "pre.hook.backup.velero.io/timeout",
      "pre.hook.backup.velero.io/on-error",
      "[\\\"/bin/sh\\\",\\\"-c\\\",\\\"fsfreeze --freeze /data\\\"]",
      "\"namespace\":\"other\"", "\"ownerReferences\":[", "\"labels\":{", "\"mountPath\":\"/data\"",
      "\"phase\":\"Succeeded\"", "stillpoint.dev/import-hooks", "stillpoint.dev/environment",
      "\\u0000",
      "\\u2028", "99999999999h",
    ],
    seeds: {
      let pod = #"""
        [{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web-0","namespace":"shop","labels":{"app":"web"},
        "annotations":{"pre.hook.backup.velero.io/command":"[\"/bin/sh\",\"-c\",\"fsfreeze --freeze /data\"]",
        "post.hook.backup.velero.io/command":"[\"/bin/sh\",\"-c\",\"fsfreeze --unfreeze /data\"]",
        "pre.hook.backup.velero.io/container":"app","pre.hook.backup.velero.io/timeout":"30s"},
        "ownerReferences":[{"apiVersion":"apps/v1","kind":"StatefulSet","name":"web","uid":"u","controller":true}]},
        "spec":{"containers":[{"name":"app","image":"a","volumeMounts":[{"name":"d","mountPath":"/data"}]}],
        "volumes":[{"name":"d","persistentVolumeClaim":{"claimName":"d"}}]},"status":{"phase":"Running"}}]
        """#
      return try [
        Array(pod.utf8),
        [UInt8(ascii: "[")] + Recorded.bytes("pod-running.json") + [UInt8(ascii: "]")],
      ]
    },
    run: { bytes in
      guard let value = try? JSONValue(json: bytes) else { return }
      let pods = (value.array ?? []).compactMap { KubernetesObject($0) }
      let namespace = KubernetesObject(
        .namespaces, name: "shop", annotations: ["stillpoint.dev/import-hooks": "true"])
      for order in AnnotatedPlans.orders([.init(namespace, pods: pods)], records: []) {
        switch order {
        case .apply(let imported, _, _):
          try BrokenPromise.unlessSame(
            try PlanFile.parse(imported.text), imported.plan, "a plan of annotations")
          for service in imported.plan.services {
            try BrokenPromise.unlessSame(
              service.selector.namespace, "shop", "a service of another namespace's plan")
          }
        case .report(let event, _):
          _ = event.object(about: namespace, at: Timestamp(nanoseconds: 0)).value.bytes
        case .delete(let name, _): throw BrokenPromise("\(name) is deleted")
        }
      }
    })

  /// An exported backup that somebody sends to be taken over.
  static let importedBackup = FuzzTarget(
    name: "imported-backup",
    words: [
      "\"plan\":\"", "\"groups\":[", "\"certificates\":[", "\"recorded\":{", "\"endedAt\":\"",
      "\"grade\":\"application-consistent\"", "\"fence\":{", "\"epoch\":18446744073709551615",
      "\"leftOut\":[", "\"createdBy\":\"", "\"findings\":[", "\"drained\":true", "\\u0000",
    ],
    seeds: {
      let made = Sample.waiting { try? await Example.evidence(scratch) }
      guard let found = made, var evidence = found else { return [] }
      evidence.endedAt = Example.start
      return [Array(try JSONEncoder().encode(evidence))]
    },
    run: { bytes in
      guard let evidence = try? JSONDecoder().decode(BackupEvidence.self, from: Data(bytes)) else {
        return
      }
      let fleet = scratch.fleet
      // The authorities that it brings, which a coordinator never takes: what is behind the signatures is to be read, too.
      guard
        let verifier = try? FleetCertificateVerifier(
          fleet: fleet, authorities: evidence.authorities)
      else { return }
      let outcome = Sample.waiting { () -> (Result<BackupRecord, OperationError>, Verdict) in
        let proved = await Grader.verdict(of: evidence, verifier: verifier)
        do throws(OperationError) {
          let record = try await BackupService.judged(
            evidence, "ops", fleet: fleet, verifier: verifier)
          return (.success(record), proved)
        } catch {
          return (.failure(error), proved)
        }
      }
      guard let outcome else { return }
      switch outcome.0 {
      case .failure(let error):
        try BrokenPromise.unlessShort(error.description, atMost: 4096 + 2 * bytes.count)
      case .success(let record): try check(record, proved: outcome.1)
      }
    })

  private static func check(_ record: BackupRecord, proved: Verdict) throws {
    guard let verdict = record.verdict else { throw BrokenPromise("a backup without a verdict") }
    try BrokenPromise.unless(
      verdict.grade <= proved.grade, "\(verdict.grade) was taken over, proved is \(proved.grade)")
    try BrokenPromise.unless(
      !verdict.drained || proved.drained, "what was not drained became so on its way")
    try Sample.survivesJSON(verdict, "verdict")
  }
}
