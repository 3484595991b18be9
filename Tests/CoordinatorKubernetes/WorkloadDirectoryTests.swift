import KubernetesClient
import Model
import Testing

@testable import CoordinatorKubernetes

/// An object as the API server has it, with the UID that `owner` refers to.
func owned(
  _ type: ResourceType, _ name: String, in namespace: String? = "shop",
  by owner: (kind: String, name: String)? = nil, labels: [String: String] = [:],
  annotations: [String: String] = [:], spec: JSONValue? = nil
) -> KubernetesObject {
  var object = KubernetesObject(
    type, name: name, namespace: namespace, labels: labels, annotations: annotations)
  object["metadata", "uid"] = .string("uid-\(type.kind)-\(name)")
  if let owner {
    let reference = OwnerReference(
      apiVersion: "apps/v1", kind: owner.kind, name: owner.name,
      uid: "uid-\(owner.kind)-\(owner.name)", isController: true)
    object["metadata", "ownerReferences"] = .array([reference.json])
  }
  if let spec { object["spec"] = spec }
  return object
}

private func directory(_ objects: [(ResourceType, KubernetesObject)]) -> WorkloadDirectory {
  var directory = WorkloadDirectory()
  for (type, object) in objects {
    var object = object
    WorkloadDirectory.trim(&object)
    directory.note(.added(object), of: type)
  }
  for type in WorkloadDirectory.types { directory.note(.synced, of: type) }
  return directory
}

struct `The directory of a cluster's pods` {
  private static let data: JSONValue = [
    "volumes": [
      ["name": "data", "persistentVolumeClaim": ["claimName": "data-db-0"]],
      ["name": "scratch", "ephemeral": [:]], ["name": "etc", "configMap": [:]],
    ]
  ]
  private static let volume = owned(
    .persistentVolumes, "pv-1", in: nil,
    spec: ["csi": ["driver": "hostpath.csi.k8s.io", "volumeHandle": "h-1"]])

  @Test(
    arguments: [
      (nil, "Pod/p"), (("StatefulSet", "db"), "StatefulSet/db"),
      (("ReplicaSet", "orders-1"), "Deployment/orders"),
      (("ReplicaSet", "bare"), "ReplicaSet/bare"),
      (("ReplicaSet", "gone"), "ReplicaSet/gone"), (("Job", "report-7"), "CronJob/report"),
      (("DaemonSet", "log"), "DaemonSet/log"),
    ] as [((kind: String, name: String)?, String)])
  func `names what a pod belongs to in the end`(
    owner: (kind: String, name: String)?, text: String
  ) {
    var directory = directory([
      (.pods, owned(.pods, "p", by: owner)),
      (.replicaSets, owned(.replicaSets, "orders-1", by: ("Deployment", "orders"))),
      (.replicaSets, owned(.replicaSets, "bare")),
      (.jobs, owned(.jobs, "report-7", by: ("CronJob", "report"))),
    ])
    #expect(directory.news().mapValues(\.owner) == ["uid-Pod-p": text])
    #expect(directory.news() == [:])
  }

  @Test func `follows claims to their driver's handle, and namespaces to their environment`() {
    var directory = directory([
      (.pods, owned(.pods, "db-0", spec: Self.data)),
      (
        .persistentVolumeClaims,
        owned(.persistentVolumeClaims, "data-db-0", spec: ["volumeName": "pv-1"])
      ),
      (.persistentVolumes, Self.volume),
      (.namespaces, owned(.namespaces, "shop", in: nil, labels: ["env": "Prod"])),
    ])
    #expect(
      directory.news() == [
        "uid-Pod-db-0": Workload(
          owner: "Pod/db-0",
          claims: [
            Workload.Claim(
              name: "data-db-0", volume: "pv-1", driver: "hostpath.csi.k8s.io", handle: "h-1",
              isBlock: false),
            Workload.Claim(name: "db-0-scratch"),
          ], namespaceLabels: ["env": "Prod"], environment: .production)
      ])
  }

  @Test func `knows what a node runs by itself under the name that its runtime has`() {
    var directory = directory([
      (
        .pods,
        owned(
          .pods, "etcd-n1", by: ("Node", "n1"), annotations: ["kubernetes.io/config.mirror": "f00"])
      )
    ])
    #expect(directory.news().mapValues(\.owner) == ["f00": "Node/n1"])
    let annotations = ["kubernetes.io/config.mirror": "uid-of-another"]
    directory.note(.added(owned(.pods, "forged", annotations: annotations)), of: .pods)
    #expect(directory.news().mapValues(\.owner) == ["uid-Pod-forged": "Pod/forged"])
  }

  @Test func `tells nothing before everything is known, and again what could not be stored`() {
    var directory = WorkloadDirectory()
    directory.note(.added(owned(.pods, "p", by: ("ReplicaSet", "orders-1"))), of: .pods)
    for type in WorkloadDirectory.types where type != .replicaSets {
      directory.note(.synced, of: type)
    }
    #expect(directory.news() == [:])
    directory.note(
      .added(owned(.replicaSets, "orders-1", by: ("Deployment", "orders"))), of: .replicaSets)
    directory.note(.synced, of: .replicaSets)
    let news = directory.news()
    #expect(news.mapValues(\.owner) == ["uid-Pod-p": "Deployment/orders"])
    directory.forget(["uid-Pod-p"])
    #expect(directory.news() == news)
  }

  @Test func `does not unlearn what goes before its pods`() {
    let set = owned(.replicaSets, "orders-1", by: ("Deployment", "orders"))
    let claim = owned(.persistentVolumeClaims, "data-db-0", spec: ["volumeName": "pv-1"])
    let namespace = owned(.namespaces, "shop", in: nil, labels: ["team": "a"])
    var directory = directory([
      (.pods, owned(.pods, "p", by: ("ReplicaSet", "orders-1"), spec: Self.data)),
      (.replicaSets, set), (.persistentVolumeClaims, claim), (.persistentVolumes, Self.volume),
      (.namespaces, namespace),
    ])
    #expect(directory.news()["uid-Pod-p"]?.claims.first?.handle == "h-1")
    directory.note(.deleted(set), of: .replicaSets)
    directory.note(.deleted(claim), of: .persistentVolumeClaims)
    directory.note(.deleted(Self.volume), of: .persistentVolumes)
    directory.note(.deleted(namespace), of: .namespaces)
    #expect(directory.news() == [:])
  }

  @Test func `tells a pod that was made anew as another one`() {
    var old = owned(.pods, "db-0", by: ("StatefulSet", "db"))
    var directory = directory([(.pods, old)])
    #expect(directory.news().keys.sorted() == ["uid-Pod-db-0"])
    directory.note(.deleted(old), of: .pods)
    old["metadata", "uid"] = "other"
    directory.note(.added(old), of: .pods)
    #expect(directory.news() == ["other": Workload(owner: "StatefulSet/db")])
  }

  @Test(
    arguments: [
      ([:], nil), (["env": "qa"], .test), (["env": "blue"], nil),
      (["env": "prod", "stillpoint.dev/environment": "staging"], .staging),
      (["environment": "Development"], .development),
    ] as [([String: String], Environment?)])
  func `reads the environment of labels that say one`(
    labels: [String: String], environment: Environment?
  ) {
    #expect(EnvironmentLabels.environment(labels) == environment)
  }
}
