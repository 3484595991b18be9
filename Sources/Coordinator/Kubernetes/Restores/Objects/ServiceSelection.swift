internal import CoordinatorCore
internal import CutProtocol
internal import KubernetesClient
internal import Model

/// Which of a backup's objects some of its services need, and for which of them.
struct ServiceSelection {
  private struct Key: Hashable {
    var resource: String
    var namespace: String?
    var name: String
  }

  private let manifests: [BackupManifest]
  private let index: [Key: BackupManifest]
  private var reasons: [Key: Set<ServiceName>] = [:]

  /// Refuses a service whose pod no object of the backup made.
  init(_ services: [MemberPlan], _ manifests: [BackupManifest]) throws(OperationError) {
    self.manifests = manifests.filter { !$0.isFact && $0.standing != .appeared }
    index = Dictionary(self.manifests.map { (Self.key($0), $0) }) { first, _ in first }
    let members = WorkloadMembers(services)
    var found: Set<ServiceName> = []
    for manifest in self.manifests {
      let isWorkload = RestoreStage(manifest).map { [.workloads, .start, .scheduled].contains($0) }
      let names = members.all(of: manifest).filter {
        // Names alone say nothing of what is no workload.
        isWorkload ?? false || $0.ground == .owner
      }.map(\.member.name)
      guard !names.isEmpty else { continue }
      found.formUnion(names)
      try add(workload: manifest, for: Set(names))
    }
    if let missing = services.first(where: { !found.contains($0.name) }) {
      throw OperationError(
        .conflict,
        "the backup has no object that made pod \(missing.pod) of \(missing.name), so nothing can be restored for it"
      )
    }
  }

  /// Sorted; empty for what none of the services needs.
  func services(needing manifest: BackupManifest) -> [ServiceName] {
    (reasons[Self.key(manifest)] ?? []).sorted()
  }

  private static func key(_ manifest: BackupManifest) -> Key {
    Key(resource: manifest.resource, namespace: manifest.namespace, name: manifest.name)
  }

  @discardableResult
  private mutating func keep(
    _ type: ResourceType, _ name: String, in namespace: String?, for services: Set<ServiceName>
  ) -> BackupManifest? {
    let key = Key(resource: "\(type)", namespace: namespace, name: name)
    guard let manifest = index[key] else { return nil }
    reasons[key, default: []].formUnion(services)
    return manifest
  }

  private mutating func add(workload manifest: BackupManifest, for services: Set<ServiceName>)
    throws(OperationError)
  {
    reasons[Self.key(manifest), default: []].formUnion(services)
    let object = try RestoreItems.object(manifest)
    let namespace = manifest.namespace
    keep(.namespaces, namespace ?? "", in: nil, for: services)
    if !KindChoice.isBuiltIn(ResourceType(manifest).group) {
      keep(.customResourceDefinitions, manifest.resource, in: nil, for: services)
    }
    guard let pods = PodShape(object) else { return }
    let references = PodReferences(pods.spec)
    for name in references.configMaps { keep(.configMaps, name, in: namespace, for: services) }
    for name in references.secrets { keep(.secrets, name, in: namespace, for: services) }
    try add(account: references.account, in: namespace, for: services)
    for name in references.claims { try add(claim: name, in: namespace, for: services) }
    for template in object["spec", "volumeClaimTemplates"]?.array ?? [] {
      try add(template: template, of: object, for: services)
    }
    if let name = object["spec", "serviceName"]?.string {
      keep(.services, name, in: namespace, for: services)
    }
    for service in manifests where service.resource == "services" && service.namespace == namespace
    {
      let wanted = try RestoreItems.object(service)["spec", "selector"]?.object?.byName ?? [:]
      let isSelecting = wanted.allSatisfy { pods.labels[$0.key] == $0.value.string }
      guard !wanted.isEmpty, isSelecting else { continue }
      keep(.services, service.name, in: namespace, for: services)
    }
  }

  /// With the rights that it has in its namespace.
  private mutating func add(
    account name: String, in namespace: String?, for services: Set<ServiceName>
  ) throws(OperationError) {
    guard let account = keep(.serviceAccounts, name, in: namespace, for: services) else { return }
    for secret in try RestoreItems.object(account)["imagePullSecrets"]?.array ?? [] {
      if let name = secret["name"]?.string { keep(.secrets, name, in: namespace, for: services) }
    }
    for binding in manifests
    where binding.resource == "rolebindings.rbac.authorization.k8s.io"
      && binding.namespace == namespace
    {
      let object = try RestoreItems.object(binding)
      let isMeant = (object["subjects"]?.array ?? []).contains { subject in
        subject["kind"] == "ServiceAccount" && subject["name"]?.string == name
          && subject["namespace"]?.string ?? namespace == namespace
      }
      guard isMeant else { continue }
      reasons[Self.key(binding), default: []].formUnion(services)
      guard object["roleRef", "kind"] == "Role", let role = object["roleRef", "name"]?.string
      else { continue }
      let key = Key(
        resource: "roles.rbac.authorization.k8s.io", namespace: namespace, name: role)
      if index[key] != nil { reasons[key, default: []].formUnion(services) }
    }
  }

  private mutating func add(
    claim name: String, in namespace: String?, for services: Set<ServiceName>
  ) throws(OperationError) {
    guard let claim = keep(.persistentVolumeClaims, name, in: namespace, for: services) else {
      return
    }
    let storage = try RestoreItems.object(claim)["spec", "storageClassName"]?.string
    if let storage { keep(.storageClasses, storage, in: nil, for: services) }
  }

  /// The claims that a StatefulSet made of a template: `data-db-0`, `data-db-1`.
  private mutating func add(
    template: JSONValue, of object: KubernetesObject, for services: Set<ServiceName>
  ) throws(OperationError) {
    if let storage = template[path: ["spec", "storageClassName"]]?.string {
      keep(.storageClasses, storage, in: nil, for: services)
    }
    guard let name = template[path: ["metadata", "name"]]?.string else { return }
    let prefix = "\(name)-\(object.name)-"
    for claim in manifests
    where claim.resource == "persistentvolumeclaims" && claim.namespace == object.namespace
      && claim.name.hasPrefix(prefix) && Int(claim.name.dropFirst(prefix.count)) != nil
    {
      try add(claim: claim.name, in: claim.namespace, for: services)
    }
  }
}
