internal import Foundation
internal import KubernetesClient

/// Takes from an object what the server and its controllers filled in, so that what stays can be applied elsewhere.
enum ManifestTrim {
  /// Nil for an object that another one makes anew, or the server itself.
  static func manifest(_ object: KubernetesObject, of type: ResourceType) -> KubernetesObject? {
    guard !isMadeByOthers(object, type) else { return nil }
    var trimmed = identityFirst(object)
    let ports = type == .services ? chosenNodePorts(object) : []
    trimmed["status"] = nil
    for field in [
      "managedFields", "uid", "resourceVersion", "generation", "creationTimestamp", "selfLink",
      "deletionTimestamp", "deletionGracePeriodSeconds", "ownerReferences",
    ] {
      trimmed["metadata", field] = nil
    }
    // Of another cluster's objects, or put back by its controllers.
    for name in annotations where trimmed.annotations[name] != nil {
      trimmed.annotations[name] = nil
    }
    let finalizers = object.finalizers.filter { finalizer in
      !ours.contains { finalizer.hasPrefix($0) }
    }
    trimmed["metadata", "finalizers"] =
      finalizers.isEmpty ? nil : .array(finalizers.map { .string($0) })
    trim(&trimmed, type, ports)
    if type == .jobs { trimmed.annotations[JobPast.annotation] = JobPast.ended(object) }
    return trimmed
  }

  /// A watch tells an object's kind before its version, and a list tells neither: what is compared byte by byte later has them
  /// in one order.
  private static func identityFirst(_ object: KubernetesObject) -> KubernetesObject {
    var json: JSONObject = [
      "apiVersion": .string(object.apiVersion), "kind": .string(object.kind),
    ]
    for (key, value) in object.json { json[key] = value }
    return KubernetesObject(json)
  }

  /// The object that this one belongs to, as `Kind/name`.
  static func owner(of object: KubernetesObject) -> String? {
    (object.controller ?? object.ownerReferences.first).map { "\($0.kind)/\($0.name)" }
  }

  private static let annotations = [
    "deployment.kubernetes.io/revision", "pv.kubernetes.io/bind-completed",
    "pv.kubernetes.io/bound-by-controller", "volume.kubernetes.io/selected-node",
    "volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner",
  ]
  /// Finalizers that controllers of the cluster set by themselves.
  private static let ours = [
    "kubernetes.io/", "snapshot.storage.kubernetes.io/",
    "external-provisioner.volume.kubernetes.io/",
    "external-attacher/", "batch.kubernetes.io/", "service.kubernetes.io/", "foregroundDeletion",
    "orphan",
  ]

  private static func isMadeByOthers(_ object: KubernetesObject, _ type: ResourceType) -> Bool {
    switch type {
    case .pods, .replicaSets, .jobs: object.controller != nil
    case .configMaps: ["kube-root-ca.crt", "openshift-service-ca.crt"].contains(object.name)
    case .secrets: object["type"] == "kubernetes.io/service-account-token"
    default: false
    }
  }

  private static func trim(
    _ object: inout KubernetesObject, _ type: ResourceType, _ ports: Set<Int64>
  ) {
    switch type {
    case .namespaces:
      object["spec"] = nil
      object.labels["kubernetes.io/metadata.name"] = nil
    case .services: trimService(&object, ports)
    case .serviceAccounts: object["secrets"] = nil
    case .persistentVolumeClaims:
      object["spec", "volumeName"] = nil
      // Put there for this very cut.
      object.labels[StillpointLabel.group] = nil
    case .persistentVolumes:
      for field in ["uid", "resourceVersion"] { object["spec", "claimRef", field] = nil }
    case .pods: trimPod(&object)
    case .jobs where object["spec", "manualSelector"] != true:
      object["spec", "selector"] = nil
      for label in ["controller-uid", "batch.kubernetes.io/controller-uid"] {
        object["spec", "template", "metadata", "labels", label] = nil
        object.labels[label] = nil
      }
    default: break
    }
  }

  /// `None` was asked for; an address was given by the server.
  private static func trimService(_ object: inout KubernetesObject, _ chosen: Set<Int64>) {
    if object["spec", "clusterIP"] != "None" {
      object["spec", "clusterIP"] = nil
      object["spec", "clusterIPs"] = nil
    }
    object["spec", "healthCheckNodePort"] = nil
    guard let ports = object["spec", "ports"]?.array else { return }
    object["spec", "ports"] = .array(
      ports.map { port in
        var port = port
        if let number = port["nodePort"]?.int, !chosen.contains(number) { port["nodePort"] = nil }
        return port
      })
  }

  /// Ports of nodes that somebody asked for: those that the server chose are in nobody's fields.
  private static func chosenNodePorts(_ object: KubernetesObject) -> Set<Int64> {
    var chosen: Set<Int64> = []
    for entry in object["metadata", "managedFields"]?.array ?? [] {
      guard let fields = entry[path: ["fieldsV1", "f:spec", "f:ports"]]?.object else { continue }
      for (key, field) in fields where field["f:nodePort"] != nil && key.hasPrefix("k:") {
        guard let named = try? JSONValue(json: Array(key.dropFirst(2).utf8)) else { continue }
        for port in object["spec", "ports"]?.array ?? []
        where port["port"] == named["port"] && (port["protocol"] ?? "TCP") == named["protocol"] {
          if let number = port["nodePort"]?.int { chosen.insert(number) }
        }
      }
    }
    return chosen
  }

  /// Where it ran, and the token that the server mounts into every pod.
  private static func trimPod(_ object: inout KubernetesObject) {
    object["spec", "nodeName"] = nil
    object["spec", "serviceAccount"] = nil
    func isToken(_ value: JSONValue) -> Bool {
      value["name"]?.string?.hasPrefix("kube-api-access-") ?? false
    }
    if let volumes = object["spec", "volumes"]?.array {
      object["spec", "volumes"] = .array(volumes.filter { !isToken($0) })
    }
    for list in ["containers", "initContainers"] {
      guard let containers = object["spec", list]?.array else { continue }
      object["spec", list] = .array(
        containers.map { container in
          var container = container
          if let mounts = container["volumeMounts"]?.array {
            container["volumeMounts"] = .array(mounts.filter { !isToken($0) })
          }
          return container
        })
    }
  }
}
