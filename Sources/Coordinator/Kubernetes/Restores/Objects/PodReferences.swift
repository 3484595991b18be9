internal import KubernetesClient

/// What a pod names of its namespace.
struct PodReferences: Equatable {
  private(set) var claims: Set<String> = []
  private(set) var configMaps: Set<String> = []
  private(set) var secrets: Set<String> = []
  private(set) var account: String

  /// - Parameter spec: a pod's, or a pod template's.
  init(_ spec: JSONValue) {
    account = spec["serviceAccountName"]?.string ?? "default"
    func name(_ value: JSONValue?, _ key: String = "name") -> [String] {
      (value?[key]?.string).map { [$0] } ?? []
    }
    for volume in spec["volumes"]?.array ?? [] {
      claims.formUnion(name(volume["persistentVolumeClaim"], "claimName"))
      let sources = [volume] + (volume["projected"]?["sources"]?.array ?? [])
      for source in sources {
        configMaps.formUnion(name(source["configMap"]))
        secrets.formUnion(name(source["secret"], "secretName") + name(source["secret"]))
      }
      for driver in volume.object?.byName.values.map(\.self) ?? [] {
        secrets.formUnion(name(driver["nodePublishSecretRef"]) + name(driver["secretRef"]))
      }
    }
    secrets.formUnion((spec["imagePullSecrets"]?.array ?? []).flatMap { name($0) })
    for list in ["initContainers", "containers"] {
      for container in spec[list]?.array ?? [] {
        for source in container["envFrom"]?.array ?? [] {
          configMaps.formUnion(name(source["configMapRef"]))
          secrets.formUnion(name(source["secretRef"]))
        }
        for variable in container["env"]?.array ?? [] {
          configMaps.formUnion(name(variable["valueFrom"]?["configMapKeyRef"]))
          secrets.formUnion(name(variable["valueFrom"]?["secretKeyRef"]))
        }
      }
    }
  }
}

/// The pods that a workload makes, as its manifest has them.
struct PodShape {
  var spec: JSONValue
  var labels: [String: String]

  /// Nil for an object whose pods its manifest does not describe.
  init?(_ workload: KubernetesObject) {
    let path: [String] =
      switch workload.kind {
      case "Pod": []
      case "CronJob": ["spec", "jobTemplate", "spec", "template"]
      default: ["spec", "template"]
      }
    guard let spec = workload[path: path + ["spec"]] else { return nil }
    self.spec = spec
    let found = workload[path: path + ["metadata", "labels"]]?.object?.byName ?? [:]
    labels = found.compactMapValues(\.string)
  }
}
