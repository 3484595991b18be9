import ClusterDoctor
import ClusterTesting
import KubernetesClient
import Logging
import Testing

private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

private let groupClasses = ResourceType(
  group: "groupsnapshot.storage.k8s.io", version: "v1", kind: "VolumeGroupSnapshotClass",
  plural: "volumegroupsnapshotclasses", namespaced: false)

/// Looks at a test API server, which `prepare` has made what it is, as somebody with these rights.
private func findings(
  types: [ServedType] = ServedType.builtIn + ServedType.snapshots, rights: [TestUser.Rule]? = nil,
  _ prepare: @escaping @Sendable (APIServer) async -> Void = { _ in }
) async throws -> [Finding] {
  let api = APIServer(types: types, users: ["t": TestUser("ann", rules: rights)])
  await prepare(api)
  return try await TestCluster.with(api) { cluster in
    try await KubernetesClient.with(try cluster.access(token: "t"), logger: logger) { client in
      try await ClusterFacts(asking: client, namespace: "stillpoint").findings
    }
  }
}

extension [Finding] {
  fileprivate func of(_ check: String) -> [Finding] { filter { $0.check == check } }
  fileprivate func verdicts(_ check: String) -> [Finding.Verdict] { of(check).map(\.verdict) }
}

private func node(
  _ name: String, kernel: String = "6.1.0-32-amd64", runtime: String = "containerd://2.1.4",
  ready: String = "True", pressure: String = "False"
) -> KubernetesObject {
  KubernetesObject(
    .nodes, name: name,
    fields: [
      "status": [
        "nodeInfo": [
          "kernelVersion": .string(kernel), "containerRuntimeVersion": .string(runtime),
          "operatingSystem": "linux",
        ],
        "conditions": [
          ["type": "Ready", "status": .string(ready)],
          ["type": "DiskPressure", "status": .string(pressure)],
        ],
      ]
    ])
}

private func volume(
  _ name: String, driver: String? = "csi.example", modes: [String] = ["ReadWriteOnce"],
  volumeMode: String = "Filesystem"
) -> KubernetesObject {
  var spec: JSONValue = [
    "accessModes": .array(modes.map { .string($0) }), "volumeMode": .string(volumeMode),
    "claimRef": ["namespace": "shop", "name": .string("data-\(name)")],
  ]
  if let driver {
    spec["csi"] = ["driver": .string(driver), "volumeHandle": .string(name)]
  } else {
    spec["nfs"] = ["server": "nas", "path": "/x"]
  }
  return KubernetesObject(.persistentVolumes, name: name, fields: ["spec": spec])
}

private func snapshotClass(
  _ name: String, driver: String = "csi.example", policy: String = "Retain", isDefault: Bool = false
) -> KubernetesObject {
  KubernetesObject(
    .volumeSnapshotClasses, name: name,
    annotations: isDefault ? ["snapshot.storage.kubernetes.io/is-default-class": "true"] : [:],
    fields: ["driver": .string(driver), "deletionPolicy": .string(policy)])
}

private func controller(
  _ arguments: [String], image: String = "registry.k8s.io/sig-storage/snapshot-controller:v8.6.0",
  ready: Int = 2
) -> KubernetesObject {
  KubernetesObject(
    .deployments, name: "snapshot-controller", namespace: "kube-system",
    fields: [
      "spec": [
        "template": [
          "spec": [
            "containers": [
              [
                "name": "c", "image": .string(image),
                "args": .array(arguments.map { .string($0) }),
              ]
            ]
          ]
        ]
      ], "status": ["readyReplicas": JSONValue(Int64(ready))],
    ])
}

private let quick = ["--kube-api-qps=100", "--kube-api-burst", "200", "--worker-threads=50"]

/// A cluster in which nothing is amiss.
private func prepare(_ api: APIServer) async {
  await api.put(node("n1"), as: .nodes)
  await api.put(volume("a"), as: .persistentVolumes)
  await api.put(snapshotClass("stillpoint"), as: .volumeSnapshotClasses)
  await api.put(controller(quick), as: .deployments)
  await api.put(
    KubernetesObject(
      .storageClasses, name: "fast",
      annotations: ["storageclass.kubernetes.io/is-default-class": "true"]), as: .storageClasses)
  await api.put(
    KubernetesObject(
      .namespaces, name: "stillpoint",
      labels: ["pod-security.kubernetes.io/enforce": "privileged"]), as: .namespaces)
}

struct `Looking at a cluster before an installation` {
  @Test func `finds nothing amiss in one that has everything`() async throws {
    let found = try await findings { await prepare($0) }
    #expect(Examination(found).canInstall)
    #expect(found.filter { $0.verdict == .warning || $0.verdict == .missing } == [])
    #expect(
      found.of("api-server").first?.text.hasPrefix("Kubernetes v1.36.2 at http://127.") == true)
    #expect(found.of("group-snapshot-types").first?.text.hasSuffix("agents use v1") == true)
    #expect(
      found.of("snapshot-classes").map(\.text) == [
        "driver csi.example, which keeps 1 volume, has class stillpoint with deletionPolicy Retain"
      ])
  }

  @Test func `names the definitions that are missing, and how to get them`() async throws {
    let found = try await findings(types: ServedType.builtIn) { await prepare($0) }
    #expect(!Examination(found).canInstall)
    let missing = found.of("snapshot-types")
    #expect(missing.map(\.verdict) == [.missing])
    #expect(missing.first?.text.contains("VolumeSnapshotClass") == true)
    #expect(missing.first?.advice?.contains("kubectl apply -k") == true)
    #expect(found.verdicts("group-snapshot-types") == [.note])
    // Without the kind there can be no class either.
    #expect(found.verdicts("snapshot-classes") == [.missing])
  }

  @Test func `tells a group's versions that nobody speaks`() async throws {
    var types = ServedType.builtIn + ServedType.snapshots
    for index in types.indices where types[index].group == "groupsnapshot.storage.k8s.io" {
      types[index].versions = ["v1alpha1"]
    }
    let found = try await findings(types: types) { await prepare($0) }
    #expect(found.verdicts("group-snapshot-types") == [.warning])
    #expect(Examination(found).canInstall)
  }

  @Test(
    arguments: [
      ([], .missing, "has no VolumeSnapshotClass"),
      ([snapshotClass("x", driver: "other")], .missing, "has no VolumeSnapshotClass"),
      ([snapshotClass("a"), snapshotClass("b")], .warning, "2 classes (a, b) and no default"),
      (
        [snapshotClass("a", isDefault: true), snapshotClass("b", isDefault: true)], .warning,
        "2 defaults"
      ),
      ([snapshotClass("a", policy: "Delete")], .note, "deleting a namespace deletes"),
      (
        [snapshotClass("a", policy: "Delete"), snapshotClass("b", isDefault: true)], .good,
        "has class b with deletionPolicy Retain"
      ),
    ] as [([KubernetesObject], Finding.Verdict, String)])
  func `says which class a driver's claims would have`(
    classes: [KubernetesObject], verdict: Finding.Verdict, text: String
  ) async throws {
    let found = try await findings { api in
      await api.put(volume("a"), as: .persistentVolumes)
      for one in classes { await api.put(one, as: .volumeSnapshotClasses) }
    }
    #expect(found.verdicts("snapshot-classes") == [verdict])
    #expect(found.of("snapshot-classes").first?.text.contains(text) == true, "\(found)")
  }

  @Test func `names volumes that cannot be cut`() async throws {
    let found = try await findings { api in
      await prepare(api)
      for number in 1...7 {
        await api.put(volume("n\(number)", driver: nil), as: .persistentVolumes)
      }
      await api.put(volume("b", volumeMode: "Block"), as: .persistentVolumes)
      await api.put(volume("s", modes: ["ReadWriteMany"]), as: .persistentVolumes)
    }
    #expect(found.verdicts("volumes") == [.warning, .warning, .note])
    #expect(
      found.of("volumes").first?.text
        == "7 volumes of no CSI driver cannot be snapshotted: shop/data-n1, shop/data-n2, shop/data-n3, shop/data-n4, "
        + "shop/data-n5 and 2 more")
  }

  @Test(arguments: [
    ([], "not given"), (["--kube-api-qps=5", "--worker-threads=10"], "--kube-api-qps=5"),
    (["-kube-api-qps", "20"], "--kube-api-qps=20"),
  ])
  func `reads the snapshot-controller's flags`(arguments: [String], text: String) async throws {
    let found = try await findings { api in
      await prepare(api)
      await api.put(controller(arguments), as: .deployments)
    }
    #expect(found.verdicts("snapshot-controller") == [.good])
    #expect(found.verdicts("snapshot-pace") == [.warning])
    #expect(found.of("snapshot-pace").first?.text.contains(text) == true, "\(found)")
  }

  @Test func `tells a snapshot-controller that is absent from one that is not ready`() async throws
  {
    let absent = try await findings()
    #expect(absent.verdicts("snapshot-controller") == [.warning])
    #expect(absent.of("snapshot-controller").first?.advice?.contains("kubectl apply -k") == true)
    let unseen = try await findings { api in
      for (name, ready) in [("old", true), ("new", true), ("failed", false)] {
        var snapshot = KubernetesObject(
          .volumeSnapshots, name: name, namespace: "shop",
          fields: ["status": ["readyToUse": .bool(ready)]])
        snapshot["metadata", "creationTimestamp"] =
          name == "old" ? "2026-01-01T00:00:00Z" : "2026-02-01T00:00:00Z"
        await api.put(snapshot, as: .volumeSnapshots)
      }
    }
    #expect(unseen.verdicts("snapshot-controller") == [.note])
    #expect(
      unseen.of("snapshot-controller").first?.text.contains("shop/new was made ready") == true)
    let ending = try await findings { api in
      await api.put(controller(quick, ready: 0), as: .deployments)
    }
    #expect(ending.verdicts("snapshot-controller") == [.missing])
    let other = try await findings { api in
      await api.put(
        controller(quick, image: "example.org/rancher/rke2-snapshot-controller@sha256:12"),
        as: .deployments)
    }
    #expect(other.verdicts("snapshot-controller") == [.good])
  }

  @Test func `asks for the gate of groups only where a class wants them`() async throws {
    let found = try await findings { api in
      await prepare(api)
      await api.put(
        KubernetesObject(groupClasses, name: "g", fields: ["driver": "csi.example"]),
        as: groupClasses)
    }
    #expect(found.verdicts("group-snapshots") == [.warning])
    let gated = try await findings { api in
      await prepare(api)
      await api.put(
        controller(quick + ["--feature-gates=X=true,CSIVolumeGroupSnapshot=true"]), as: .deployments
      )
      await api.put(
        KubernetesObject(groupClasses, name: "g", fields: ["driver": "csi.example"]),
        as: groupClasses)
    }
    #expect(gated.verdicts("group-snapshots") == [])
    #expect(gated.verdicts("group-snapshot-classes") == [.good])
  }

  @Test func `judges each node by its kernel, its runtime and its state`() async throws {
    let found = try await findings { api in
      await prepare(api)
      await api.put(node("old", kernel: "5.15.0-91-generic"), as: .nodes)
      await api.put(node("crio", runtime: "cri-o://1.33.1"), as: .nodes)
      await api.put(node("docker", runtime: "docker://20.10"), as: .nodes)
      await api.put(node("away", ready: "Unknown"), as: .nodes)
      await api.put(node("full", pressure: "True"), as: .nodes)
    }
    #expect(
      found.of("kernel").filter { $0.verdict == .missing }.map(\.text.beforeColon) == [
        "Linux 5.15.0-91-generic on old"
      ])
    #expect(
      Set(found.of("container-runtime").map(\.verdict)) == [.good, .warning, .missing])
    #expect(
      found.of("nodes").map(\.text) == [
        "not ready: away; what runs there cannot be held",
        "short of disk room: full; agents record there what is held, and pods are evicted",
      ])
  }

  @Test(
    arguments: [
      (nil, .note), ([:], .warning), (["pod-security.kubernetes.io/enforce": "baseline"], .missing),
      (["pod-security.kubernetes.io/enforce": "restricted"], .missing),
    ] as [([String: String]?, Finding.Verdict)])
  func `says whether the namespace would refuse the agents`(
    labels: [String: String]?, verdict: Finding.Verdict
  ) async throws {
    let found = try await findings { api in
      guard let labels else { return }
      await api.put(
        KubernetesObject(.namespaces, name: "stillpoint", labels: labels), as: .namespaces)
    }
    #expect(found.verdicts("pod-security") == [verdict])
    #expect(found.of("pod-security").first?.advice?.contains("kubectl label namespace") == true)
  }

  @Test func `names every right that is missing, and looks at the rest`() async throws {
    let rights = [
      TestUser.Rule(["create"], ["configmaps", "services"], namespace: "stillpoint"),
      TestUser.Rule(["list"], ["nodes"]),
    ]
    let found = try await findings(rights: rights) { await prepare($0) }
    let lacking = found.of("rights").first
    #expect(lacking?.verdict == .missing)
    #expect(lacking?.text.contains("clusterroles.rbac.authorization.k8s.io") == true)
    #expect(lacking?.text.contains("daemonsets.apps in stillpoint") == true)
    #expect(lacking?.text.contains("configmaps") == false)
    // What may not be read is said, and is no reason to be silent about the nodes.
    #expect(found.verdicts("volumes") == [.warning])
    #expect(found.of("volumes").first?.text.contains("forbidden") == true)
    #expect(found.verdicts("kernel") == [.good])
  }

  @Test func `tells who may not give rights of others`() async throws {
    let rights = [TestUser.Rule(["create", "get", "list"], group: "*", ["*"])]
    let found = try await findings(rights: rights) { await prepare($0) }
    #expect(found.verdicts("rights") == [.warning])
  }
}

extension String {
  /// What stands before the first colon.
  fileprivate var beforeColon: String { String(prefix { $0 != ":" }) }
}
