internal import CoordinatorCore
internal import KubernetesClient
internal import Model
internal import PlanImport

/// Which plans the annotated pods of consenting namespaces should have, against those that there are.
///
/// A decision about everything at once and without I/O, so that it can be made anew after any change and any interruption.
enum AnnotatedPlans {
  /// A namespace that consents, and its pods; nil when they could not be listed.
  struct Watched {
    var namespace: KubernetesObject
    var pods: [KubernetesObject]?

    init(_ namespace: KubernetesObject, pods: [KubernetesObject]?) {
      self.namespace = namespace
      self.pods = pods
    }
  }

  enum Order: Hashable {
    /// Store the plan, or a new revision of it.
    case apply(ImportedPlan, in: String, losing: [ServiceName])
    /// Its namespace no longer consents, or is gone. Backups stay.
    case delete(PlanName, author: String)
    /// Tell the administrators of the namespace; nothing is changed.
    case report(ObjectEvent, in: String)
  }

  /// Whether the pods of a namespace are to be looked at.
  static func consents(_ namespace: KubernetesObject) -> Bool {
    namespace.deletionTimestamp == nil
      && AnnotatedNamespace.consents(namespace.annotations[AnnotatedNamespace.consent])
  }

  /// What to do, in the order of the namespaces' names; no plan is touched when everything is as it should be.
  ///
  /// `watched` are all namespaces that consent. One whose pods have no hooks at the moment keeps its plan: pods come and go.
  static func orders(_ watched: [Watched], records: [PlanRecord]) -> [Order] {
    let known = Dictionary(records.map { ($0.plan.name, $0) }) { first, _ in first }
    let ordered = watched.sorted { $0.namespace.name < $1.namespace.name }
    let consenting = Set(ordered.map(\.namespace.name))
    return ordered.flatMap { orders($0, known) } + abandoned(records, consenting)
  }

  private static func orders(_ watched: Watched, _ known: [PlanName: PlanRecord]) -> [Order] {
    let name = watched.namespace.name
    // What cannot be read now is no reason to change what could be read before.
    guard let pods = watched.pods else { return [] }
    let outcome: AnnotatedNamespace.Outcome
    do throws(ImportError) {
      outcome = try AnnotatedNamespace.plan(
        namespace: text(watched.namespace), pods: pods.map { text(trimmed($0)) })
    } catch {
      return [.report(ObjectEvent(.warning, "HooksNotRead", "\(error)"), in: name)]
    }
    switch outcome {
    case .withoutConsent: return []
    case .nothing(let remarks): return lost(remarks, in: name)
    case .plan(let imported):
      return lost(imported.remarks, in: name) + orders(imported, known[imported.plan.name], name)
    }
  }

  private static func orders(_ imported: ImportedPlan, _ record: PlanRecord?, _ namespace: String)
    -> [Order]
  {
    guard let record else { return [.apply(imported, in: namespace, losing: [])] }
    let owner = PlanOwner(author: record.appliedBy)
    guard owner == .annotations(namespace: namespace) else {
      let text = "plan \(imported.plan.name) belongs to \(owner) and is left alone"
      return [.report(ObjectEvent(.warning, "Conflict", text), in: namespace)]
    }
    guard record.plan != imported.plan else { return [] }
    let wanted = Set(imported.plan.services.map(\.name))
    let losing = record.plan.services.map(\.name).filter { !wanted.contains($0) }
    return [.apply(imported, in: namespace, losing: losing)]
  }

  private static func abandoned(_ records: [PlanRecord], _ consenting: Set<String>) -> [Order] {
    records.sorted { $0.plan.name < $1.plan.name }.compactMap { record in
      guard case .annotations(let namespace) = PlanOwner(author: record.appliedBy),
        !consenting.contains(namespace)
      else { return nil }
      return .delete(record.plan.name, author: record.appliedBy)
    }
  }

  /// One text for everything that could not be carried over.
  private static func lost(_ remarks: [ImportRemark], in namespace: String) -> [Order] {
    let lost = remarks.filter { $0.outcome == .notCarried }.map { remark in
      remark.object + (remark.field.isEmpty ? "" : ", \(remark.field)") + ": \(remark.text)"
    }
    guard !lost.isEmpty else { return [] }
    let text = "\(lost.count) not carried over: " + lost.joined(separator: "; ")
    return [.report(ObjectEvent(.warning, "HooksLost", text), in: namespace)]
  }

  private static func text(_ object: KubernetesObject) -> String {
    String(decoding: object.value.bytes, as: UTF8.self)
  }

  /// What an import looks at: a pod's status and its containers' environment are most of it.
  static func trimmed(_ pod: KubernetesObject) -> KubernetesObject {
    var kept = KubernetesObject(.pods, name: pod.name, namespace: pod.namespace)
    for field in ["labels", "annotations", "ownerReferences"] {
      if let value = pod["metadata", field] { kept["metadata", field] = value }
    }
    for field in ["containers", "initContainers"] {
      guard let containers = pod["spec", field]?.array else { continue }
      kept["spec", field] = .array(
        containers.map { container in
          var kept: JSONValue = [:]
          for field in ["name", "image", "volumeMounts", "restartPolicy"] {
            if let value = container[field] { kept[field] = value }
          }
          return kept
        })
    }
    if let volumes = pod["spec", "volumes"] { kept["spec", "volumes"] = volumes }
    if let phase = pod["status", "phase"] { kept["status", "phase"] = phase }
    return kept
  }
}
