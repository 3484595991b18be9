/// A pod, or what a workload's template will make one of, as far as a plan needs to know it.
struct Pod {
  struct Container: Hashable {
    var name: String
    var image: String
    /// Mount path by the pod's name of the volume.
    var mounts: [Mount]
  }

  struct Mount: Hashable {
    var volume: String
    var path: String
  }

  struct Owner: Hashable {
    var kind: String
    var name: String
  }

  var origin: Origin
  var name: String
  var namespace: String?
  var labels: [String: String]
  var annotations: Field
  var containers: [Container]
  /// The claim behind each of the pod's volumes that has one.
  var claims: [String: String]
  var owner: Owner?
  /// More than 1 where a template stands for that many pods that nothing tells apart.
  var replicas = 1
  /// Whether it stands for pods to come.
  var isTemplate = false
  var hasEnded = false

  /// The container of that name, or the first.
  func container(_ name: String?) -> Container? {
    guard let name else { return containers.first }
    return containers.first { $0.name == name }
  }

  /// The mounts of a container that a claim stands behind.
  func claimedMounts(of container: Container) -> [Mount] {
    container.mounts.filter { claims[$0.volume] != nil }
  }

  /// What people call the workload: its owner without the suffix that a ReplicaSet's name has.
  var workload: String? {
    guard let owner else { return nil }
    guard owner.kind == "ReplicaSet", let hash = labels["pod-template-hash"],
      owner.name.hasSuffix("-" + hash)
    else { return owner.name }
    return String(owner.name.dropLast(hash.count + 1))
  }
}

extension Pod {
  /// A pod as the API gives it.
  init(pod manifest: Manifest, _ log: inout IssueLog) {
    self.init(manifest, spec: manifest.spec, labels: manifest.labels, manifest.annotations, &log)
    for reference in manifest.root["metadata"]["ownerReferences"].elements {
      guard let kind = reference["kind"].scalarText, let name = reference["name"].scalarText
      else { continue }
      owner = Owner(kind: kind, name: name)
    }
    let phase = manifest.root["status"]["phase"].scalarText
    hasEnded = phase == "Succeeded" || phase == "Failed"
  }

  /// The pod that a workload's template describes.
  init(templateOf manifest: Manifest, _ log: inout IssueLog) {
    let template = manifest.spec["template"]
    let labels = template["metadata"]["labels"].dictionary(&log)
    self.init(
      manifest, spec: template["spec"], labels: labels, template["metadata"]["annotations"], &log)
    owner = Owner(kind: manifest.kind, name: manifest.name)
    isTemplate = true
    for claim in manifest.spec["volumeClaimTemplates"].list(&log) {
      guard let name = claim["metadata"]["name"].text(&log) else { continue }
      claims[name] = "\(name)-\(manifest.name)"
    }
  }

  private init(
    _ manifest: Manifest, spec: Field, labels: [String: String], _ annotations: Field,
    _ log: inout IssueLog
  ) {
    origin = manifest.origin
    name = manifest.name
    namespace = manifest.namespace
    self.labels = labels
    self.annotations = annotations
    containers = []
    claims = [:]
    for element in spec["containers"].list(&log) {
      if let container = Self.container(element, &log) { containers.append(container) }
    }
    for element in spec["initContainers"].list(&log)
    where element["restartPolicy"].scalarText == "Always" {
      if let container = Self.container(element, &log) { containers.append(container) }
    }
    for volume in spec["volumes"].list(&log) {
      guard let name = volume["name"].text(&log) else { continue }
      if let claim = volume["persistentVolumeClaim"]["claimName"].text(&log) {
        claims[name] = claim
      } else if volume["ephemeral"].exists {
        claims[name] = "\(manifest.name)-\(name)"
      }
    }
  }

  private static func container(_ element: Field, _ log: inout IssueLog) -> Container? {
    guard let name = element["name"].text(&log) else {
      if !element["name"].exists { log.note(element, "expected a container with a name") }
      return nil
    }
    let mounts = element["volumeMounts"].list(&log).compactMap { mount -> Mount? in
      guard let volume = mount["name"].text(&log), let path = mount["mountPath"].text(&log)
      else { return nil }
      return Mount(volume: volume, path: normalPath(path))
    }
    return Container(name: name, image: element["image"].text(&log) ?? "", mounts: mounts)
  }
}

/// Without repeated slashes and without one at the end, as mount paths are compared.
func normalPath(_ path: String) -> String {
  guard path.hasPrefix("/") else { return path }
  return "/" + path.split(separator: "/").joined(separator: "/")
}
