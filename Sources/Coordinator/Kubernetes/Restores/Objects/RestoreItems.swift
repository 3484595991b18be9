internal import CoordinatorCore
internal import CutProtocol
internal import Foundation
internal import KubernetesClient
internal import Model

/// Everything that a restore makes, in its order. Without I/O: what is there already is none of this.
struct RestoreItems {
  let job: ObjectRestoreJob
  private let members: WorkloadMembers
  private let claims: ClaimSources
  /// Nil for whole namespaces.
  private let selection: ServiceSelection?

  init(_ job: ObjectRestoreJob) throws(OperationError) {
    self.job = job
    members = WorkloadMembers(job.services)
    claims = try ClaimSources(job)
    selection =
      job.order.services == nil ? nil : try ServiceSelection(job.services, job.manifests)
  }

  func all() throws(OperationError) -> [RestoreItem] {
    var items: [RestoreItem] = []
    for manifest in job.manifests {
      let needing = selection?.services(needing: manifest)
      guard let stage = RestoreStage(manifest), needing?.isEmpty != true else { continue }
      let object = try Self.object(manifest)
      var item = RestoreItem(
        stage: stage, type: ResourceType(manifest), object: moved(object, manifest), note: nil)
      switch manifest.standing {
      case .atWitness: break
      case .appeared:
        item.isLeftOut = true
        item.note = "left out: it was first seen after the witness"
      case .changed, .deleted, .unconfirmed:
        item.note = "as it was last seen before the witness (\(manifest.standing.rawValue))"
      }
      if !job.order.mayUseCluster, stage <= .storage {
        item.isLeftOut = true
        item.note = "left out: made from the coordinator's namespace only"
      }
      if let needing {
        let names = needing.map(\.text).joined(separator: ", ")
        item.note = [item.note, "for \(names)"].compactMap(\.self).joined(separator: "; ")
      }
      if stage == .claims, !item.isLeftOut {
        items += claims.items(for: item, of: manifest)
      } else {
        items.append(prepared(item, manifest))
      }
    }
    return items.sorted { Self.place($0) < Self.place($1) }
  }

  private static func place(_ item: RestoreItem) -> (Int, Int, String, String) {
    (
      item.stage.rawValue, RestoreStage.rank("\(item.type)"), "\(item.type)",
      item.key.description
    )
  }

  static func object(_ manifest: BackupManifest) throws(OperationError) -> KubernetesObject {
    guard let value = try? JSONValue(json: [UInt8](manifest.content)),
      let object = KubernetesObject(value)
    else {
      throw OperationError(.conflict, "the manifest of \(manifest.identity) is no JSON object")
    }
    return object
  }

  /// The object in its new namespace, with the restore's mark.
  private func moved(_ object: KubernetesObject, _ manifest: BackupManifest) -> KubernetesObject {
    var object = object
    object.annotations.merge(RestoreMark.of(job)) { $1 }
    if manifest.resource == "namespaces" {
      object["metadata", "name"] = .string(job.order.target(of: object.name))
    }
    guard let namespace = manifest.namespace else { return object }
    object["metadata", "namespace"] = .string(job.order.target(of: namespace))
    if manifest.resource == "rolebindings.rbac.authorization.k8s.io",
      let subjects = object["subjects"]?.array
    {
      object["subjects"] = .array(
        subjects.map { subject in
          var subject = subject
          if let named = subject["namespace"]?.string {
            subject["namespace"] = .string(job.order.target(of: named))
          }
          return subject
        })
    }
    return object
  }

  /// Nothing runs before its service is started.
  private func prepared(_ item: RestoreItem, _ manifest: BackupManifest) -> RestoreItem {
    var item = item
    switch item.stage {
    case .workloads:
      item.replicas = item.object["spec", "replicas"]?.int.map { Int(clamping: $0) } ?? 1
      item.object["spec", "replicas"] = 0
      item.members = members.all(of: manifest)
      mapTemplates(&item.object)
    case .start: item.members = members.all(of: manifest)
    case .scheduled:
      if item.type == .jobs {
        JobPast.of(manifest, in: &item.object).apply(to: &item, start: job.order.start)
      } else if !job.order.start {
        item.object["spec", "suspend"] = true
      }
    default: break
    }
    return item
  }

  private func mapTemplates(_ object: inout KubernetesObject) {
    guard let templates = object["spec", "volumeClaimTemplates"]?.array else { return }
    object["spec", "volumeClaimTemplates"] = .array(
      templates.map { template in
        var template = template
        if let name = template[path: ["spec", "storageClassName"]]?.string,
          let other = job.order.storageClasses[name]
        {
          template[path: ["spec", "storageClassName"]] = .string(other)
        }
        return template
      })
  }
}
