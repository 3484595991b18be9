/// The pods and claims of what was read, to which hooks are matched.
struct Inventory {
  /// A claim's labels and annotations.
  struct Claim {
    var manifest: Manifest
  }

  /// More replicas of one template than this are not spelled out.
  static let mostReplicas = 64
  static let workloads = [
    "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController",
  ]

  private(set) var pods: [Pod] = []
  /// By namespace and name.
  private(set) var claims: [String: Claim] = [:]
  private(set) var workloads: [Manifest] = []

  init(_ manifests: [Manifest], _ log: inout IssueLog, _ remarks: inout RemarkLog) {
    for manifest in manifests {
      switch (manifest.group, manifest.kind) {
      case ("", "Pod"):
        pods.append(Pod(pod: manifest, &log))
      case ("", "PersistentVolumeClaim"):
        claims[Self.key(manifest.namespace, manifest.name)] = Claim(manifest: manifest)
      case ("apps", _) where Self.workloads.contains(manifest.kind), ("", "ReplicationController"):
        workloads.append(manifest)
      default: break
      }
    }
    for workload in workloads { addTemplate(of: workload, &log, &remarks) }
  }

  static func key(_ namespace: String?, _ name: String) -> String { "\(namespace ?? "")/\(name)" }

  func claim(_ pod: Pod, _ volume: String) -> Claim? {
    pod.claims[volume].flatMap { claims[Self.key(pod.namespace, $0)] }
  }

  /// The pods of a namespace (nil: of any) with these labels.
  func pods(in namespaces: Set<String>?, matching selection: LabelSelection?) -> [Int] {
    pods.indices.filter { index in
      let pod = pods[index]
      guard !pod.hasEnded else { return false }
      let isInside = namespaces.map { $0.contains(pod.namespace ?? "default") } ?? true
      return isInside && (selection?.matches(pod.labels) ?? true)
    }
  }

  /// The pods that a workload made or will make.
  func pods(of kind: String, _ name: String, in namespace: String?) -> [Int] {
    pods.indices.filter { index in
      let pod = pods[index]
      guard !pod.hasEnded, namespace == nil || pod.namespace == namespace else { return false }
      return pod.workload == name && (pod.owner?.kind == kind || kind == "Deployment")
    }
  }

  /// A template stands for pods only where the pods themselves were not given.
  private mutating func addTemplate(
    of workload: Manifest, _ log: inout IssueLog, _ remarks: inout RemarkLog
  ) {
    guard workload.spec["template"].exists else { return }
    // A ReplicaSet that a Deployment owns repeats the Deployment's template.
    guard workload.root["metadata"]["ownerReferences"].elements.isEmpty else { return }
    let pod = Pod(templateOf: workload, &log)
    let isMade = pods.contains {
      !$0.isTemplate && $0.namespace == pod.namespace && $0.workload == workload.name
    }
    guard !isMade else { return }
    let replicas = Int(workload.spec["replicas"].scalarText ?? "1") ?? 1
    guard replicas > 0 else {
      return remarks.add(
        .notCarried, workload.origin.at("spec.replicas"),
        "it is scaled to zero: there is nothing to hold")
    }
    guard workload.kind == "StatefulSet", replicas > 1, replicas <= Self.mostReplicas else {
      var pod = pod
      pod.replicas = workload.kind == "DaemonSet" ? Int.max : replicas
      if workload.kind == "StatefulSet" { Self.name(&pod, workload.name, 0) }
      return pods.append(pod)
    }
    for ordinal in 0..<replicas {
      var replica = pod
      Self.name(&replica, workload.name, ordinal)
      pods.append(replica)
    }
  }

  /// The name and label that the StatefulSet controller gives.
  private static func name(_ pod: inout Pod, _ workload: String, _ ordinal: Int) {
    pod.name = "\(workload)-\(ordinal)"
    pod.labels[Labels.statefulPod] = pod.name
    for (volume, claim) in pod.claims where claim == "\(volume)-\(workload)" {
      pod.claims[volume] = "\(claim)-\(ordinal)"
    }
  }
}

/// Names that Kubernetes itself gives a meaning.
enum Labels {
  static let statefulPod = "statefulset.kubernetes.io/pod-name"
  /// Labels that tell applications apart, the most telling first.
  static let telling = [
    "app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component", "app",
    "k8s-app", "name", "component", "tier", "role", "release",
  ]
  /// Labels that change with every rollout.
  static let passing = [
    "pod-template-hash", "controller-revision-hash", "pod-template-generation",
    "apps.kubernetes.io/pod-index", "controller-uid", "batch.kubernetes.io/controller-uid",
  ]
}
