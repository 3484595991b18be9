internal import KubernetesClient
internal import Model

/// Pods and what they belong to, put together from the objects of a cluster. A value: the recorder feeds it.
struct WorkloadDirectory {
  /// The types that it is fed with.
  static let types: [ResourceType] = [
    .pods, .replicaSets, .jobs, .persistentVolumeClaims, .persistentVolumes, .namespaces,
  ]

  /// Those without which less is told of a pod, and nothing wrong: a coordinator that may not list them goes on without.
  private static let optional: Set<ResourceType> = [
    .persistentVolumeClaims, .persistentVolumes, .namespaces,
  ]

  /// On a pod that shows what a node runs without asking the API server: the UID that its runtime knows.
  private static let mirror = "kubernetes.io/config.mirror"

  private var objects: [ResourceType: [ObjectKey: KubernetesObject]] = [:]
  private var synced: Set<ResourceType> = []
  private var told: [ObjectKey: Told] = [:]
  private var due: Set<ObjectKey> = []
  /// Everything has to be looked at again: something that many pods may share has changed.
  private var allAreDue = false

  private struct Told: Equatable {
    var uid: String
    var workload: Workload
  }

  /// What is needed of an object; the rest of all pods of a cluster would fill the memory.
  static func trim(_ object: inout KubernetesObject) {
    var kept = KubernetesObject(JSONObject())
    for field in ["apiVersion", "kind"] { kept[field] = object[field] }
    for field in ["name", "namespace", "uid", "resourceVersion", "ownerReferences"] {
      kept["metadata", field] = object["metadata", field]
    }
    switch object.kind {
    case "Pod":
      kept["spec", "volumes"] = object["spec", "volumes"]
      if let uid = object.annotations[mirror] { kept.annotations = [mirror: uid] }
    case "PersistentVolumeClaim": kept["spec", "volumeName"] = object["spec", "volumeName"]
    case "PersistentVolume":
      kept["spec", "csi", "driver"] = object["spec", "csi", "driver"]
      kept["spec", "csi", "volumeHandle"] = object["spec", "csi", "volumeHandle"]
      kept["spec", "volumeMode"] = object["spec", "volumeMode"]
    case "Namespace": kept["metadata", "labels"] = object["metadata", "labels"]
    default: break
    }
    object = kept
  }

  mutating func note(_ event: ReflectorEvent, of type: ResourceType) {
    switch event {
    case .added(let object), .modified(let object):
      objects[type, default: [:]][object.key] = object
      touch(object.key, type)
    case .deleted(let object):
      objects[type]?[object.key] = nil
      if type == .pods {
        told[object.key] = nil
        due.remove(object.key)
      } else {
        allAreDue = true
      }
    case .synced:
      if synced.insert(type).inserted { allAreDue = true }
    case .interrupted(let error):
      guard error.isForbidden, Self.optional.contains(type) else { return }
      if synced.insert(type).inserted { allAreDue = true }
    }
  }

  private mutating func touch(_ key: ObjectKey, _ type: ResourceType) {
    if type == .pods { due.insert(key) } else { allAreDue = true }
  }

  /// What has become known since the last call, by the pods' UIDs, once all types are known: an owner that is not there
  /// yet would look gone.
  mutating func news() -> [String: Workload] {
    guard synced.count == Self.types.count else { return [:] }
    let pods = objects[.pods] ?? [:]
    let keys = allAreDue ? Set(pods.keys) : due
    due = []
    allAreDue = false
    var news: [String: Workload] = [:]
    for key in keys {
      guard let pod = pods[key], let uid = Self.uid(of: pod) else { continue }
      let before = told[key].flatMap { $0.uid == uid ? $0 : nil }
      let now = Told(uid: uid, workload: workload(of: pod, before: before?.workload))
      guard before != now else { continue }
      told[key] = now
      news[uid] = now.workload
    }
    return news
  }

  /// The UID as the node's runtime has it. A mirror's has no dashes as those of the API server have, so that no annotation
  /// passes one pod off as another.
  private static func uid(of pod: KubernetesObject) -> String? {
    guard let mirrored = pod.annotations[mirror], !mirrored.contains("-") else { return pod.uid }
    return mirrored
  }

  /// What was told could not be stored: it is told again.
  mutating func forget(_ uids: Set<String>) {
    told = told.filter { !uids.contains($0.value.uid) }
    allAreDue = true
  }

  /// What is gone is not unlearnt: a Deployment is deleted before its pods, a namespace's labels last as long as it.
  private func workload(of pod: KubernetesObject, before: Workload?) -> Workload {
    let namespace = objects[.namespaces]?[ObjectKey(namespace: nil, name: pod.namespace ?? "")]
    let labels = namespace?.labels ?? before?.namespaceLabels ?? [:]
    return Workload(
      owner: owner(of: pod, before: before?.owner), claims: claims(of: pod, before?.claims ?? []),
      namespaceLabels: labels, environment: EnvironmentLabels.environment(labels))
  }

  /// A ReplicaSet stands for its Deployment and a Job for its CronJob, where they have one.
  private func owner(of pod: KubernetesObject, before: String?) -> String {
    guard let controller = pod.controller else { return "Pod/\(pod.name)" }
    let between: ResourceType? =
      switch controller.kind {
      case "ReplicaSet": .replicaSets
      case "Job": .jobs
      default: nil
      }
    let own = "\(controller.kind)/\(controller.name)"
    guard let between else { return own }
    let key = ObjectKey(namespace: pod.namespace, name: controller.name)
    guard let object = objects[between]?[key], object.uid == controller.uid else {
      return before ?? own
    }
    return object.controller.map { "\($0.kind)/\($0.name)" } ?? own
  }

  private func claims(of pod: KubernetesObject, _ before: [Workload.Claim]) -> [Workload.Claim] {
    (pod["spec", "volumes"]?.array ?? []).compactMap { volume in
      let name: String
      if let claimed = volume[path: ["persistentVolumeClaim", "claimName"]]?.string {
        name = claimed
      } else if volume["ephemeral"] != nil, let volume = volume["name"]?.string {
        // The name that the ephemeral volume controller gives.
        name = "\(pod.name)-\(volume)"
      } else {
        return nil
      }
      let key = ObjectKey(namespace: pod.namespace, name: name)
      let bound = objects[.persistentVolumeClaims]?[key]?["spec", "volumeName"]?.string
      let persistent = bound.flatMap {
        objects[.persistentVolumes]?[ObjectKey(namespace: nil, name: $0)]
      }
      guard let bound, let persistent else {
        return before.first { $0.name == name } ?? Workload.Claim(name: name, volume: bound)
      }
      return Workload.Claim(
        name: name, volume: bound, driver: persistent["spec", "csi", "driver"]?.string,
        handle: persistent["spec", "csi", "volumeHandle"]?.string,
        isBlock: persistent["spec", "volumeMode"]?.string == "Block")
    }
  }
}
