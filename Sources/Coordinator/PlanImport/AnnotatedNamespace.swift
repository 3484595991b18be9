package import Model
internal import PlanFile

/// A plan for a namespace whose annotated pods may take part without a plan of their own.
///
/// Whoever may annotate a pod says with that which command runs in it. So nothing is read unless the namespace, which its
/// administrators alone can change, consents.
package enum AnnotatedNamespace {
  /// On the namespace; `true` consents, everything else does not.
  package static let consent = "stillpoint.dev/import-hooks"
  /// On the namespace: the plan's environment. Without it, production.
  package static let environment = "stillpoint.dev/environment"

  package enum Outcome: Hashable, Sendable {
    /// The namespace does not consent, or is being deleted: its pods were not looked at.
    case withoutConsent
    /// None of the pods has hooks, or none could be carried over; the remarks say why.
    case nothing([ImportRemark])
    /// A plan named `hooks.NAMESPACE`.
    case plan(ImportedPlan)
  }

  /// Its plan's name within the namespace.
  package static let shortName = "hooks"

  /// What the fleet calls the plan of a namespace: as if it were an object `hooks` of it, so that a Backup of the namespace can
  /// name it. Nil where both together are too long.
  package static func planName(in namespace: String) -> PlanName? {
    // Whoever asks says why there is none.
    try? PlanName(PlanFile.name(shortName, in: namespace))
  }

  /// Whether the annotation's value consents: a word of its own, not whatever is truthy.
  package static func consents(_ value: String?) -> Bool { value == "true" }

  /// The plan that the annotated pods of a namespace make.
  ///
  /// `namespace` is the Namespace object and `pods` are objects, lists of pods or both, as JSON or YAML. Pods of other
  /// namespaces are left alone, as is everything that is no pod. Only Velero's annotations are read. Throws what is no such document.
  package static func plan(namespace: String, pods: [String]) throws(ImportError) -> Outcome {
    var reader = ManifestReader()
    try reader.read([ImportInput(name: "namespace", text: namespace)])
    if let error = reader.log.error { throw error }
    guard reader.manifests.count == 1, let object = reader.manifests.first,
      object.kind == "Namespace", object.group.isEmpty, !object.name.isEmpty
    else { throw ImportError("expected one Namespace object", file: "namespace") }
    guard consents(object) else { return .withoutConsent }
    return try plan(object, pods)
  }

  private static func consents(_ namespace: Manifest) -> Bool {
    let isEnding = namespace.root["metadata"]["deletionTimestamp"].exists
    return !isEnding && consents(namespace.annotations[consent].scalarText)
  }

  private static func plan(_ namespace: Manifest, _ pods: [String]) throws(ImportError) -> Outcome {
    var options = ImportOptions(environment: try environment(of: namespace))
    var reader = ManifestReader()
    try reader.read(pods.map { ImportInput(name: "pods", text: $0) })
    let own = reader.manifests.filter {
      $0.kind == "Pod" && $0.group.isEmpty && $0.namespace == namespace.name
    }
    var state = ImportState(own, reader.log)
    VeleroAnnotations.read(&state)
    if let error = state.log.error { throw error }
    guard !state.findings.isEmpty else { return .nothing(state.remarks.remarks) }
    guard let name = planName(in: namespace.name) else {
      throw ImportError(
        "its name is too long for a plan named after it: write a BackupPlan for it",
        file: "namespace")
    }
    options.name = name
    options.heading = [
      "Made from the annotations of pods in namespace \(namespace.name), which consents by \(consent), and follows them.",
      "To keep it by hand instead: take that annotation away, and apply this text under another name.",
    ]
    // Made a second time to keep the remarks where no service comes of it.
    var rehearsal = state
    if ServiceAssembly(&rehearsal, longest: FreezeLimits.defaultCap).services.isEmpty {
      return .nothing(rehearsal.remarks.remarks)
    }
    return .plan(try PlanImport.finished(&state, options))
  }

  private static func environment(of namespace: Manifest) throws(ImportError) -> Environment {
    let field = namespace.annotations[environment]
    guard let text = field.scalarText else { return .production }
    guard let environment = Environment(rawValue: text) else {
      let known = Environment.allCases.map(\.rawValue).joined(separator: ", ")
      throw ImportError(
        "annotation \(Self.environment): expected one of \(known)", file: "namespace",
        line: field.line)
    }
    return environment
  }
}
