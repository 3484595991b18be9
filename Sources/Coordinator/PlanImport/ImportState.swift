/// What has been understood so far, while one format after the other is read.
struct ImportState {
  /// What a backup says it contains, hooks or not.
  struct Scope {
    /// Nil means all.
    var namespaces: Set<String>?
    var excluded: Set<String>
    var selection: LabelSelection?
    var origin: Origin
  }

  let manifests: [Manifest]
  let inventory: Inventory
  var log: IssueLog
  var remarks: RemarkLog
  var findings: [HookFinding] = []
  var scopes: [Scope] = []
  /// What the plan could be called after.
  var names: [String] = []

  init(_ manifests: [Manifest], _ log: IssueLog) {
    var log = log
    var remarks = RemarkLog()
    self.manifests = manifests
    inventory = Inventory(manifests, &log, &remarks)
    self.log = log
    self.remarks = remarks
  }

  func manifests(group: String, _ kinds: String...) -> [Manifest] {
    manifests.filter { $0.group == group && kinds.contains($0.kind) }
  }

  /// The targets that a selector means: the pods that were given, or the selector itself where it can stand in a plan.
  mutating func targets(
    in namespaces: Set<String>?, _ selection: LabelSelection?, _ origin: Origin
  ) -> [HookFinding.Target] {
    let pods = inventory.pods(in: namespaces, matching: selection)
    if !pods.isEmpty { return pods.map { .pod($0) } }
    if !inventory.pods.isEmpty, inventory.pods(in: namespaces, matching: nil).count > 0 {
      remarks.add(.notCarried, origin, "it matches none of the pods that were given")
      return []
    }
    guard let selection, !selection.labels.isEmpty else {
      remarks.add(
        .notCarried, origin,
        "it names no labels that a plan could select by: import the pods with it, as in "
          + "'kubectl get pods,\(Self.plural(origin)) -A -o yaml | stillpoint plan import -f -'")
      return []
    }
    if !selection.expressions.isEmpty {
      remarks.add(
        .notCarried, origin,
        "a plan selects by equal labels only: its matchExpressions are left out; import the pods with it"
      )
    }
    let names = namespaces.map { $0.sorted().map(Optional.some) } ?? [nil]
    return names.map { .labels(selection.labels, namespace: $0) }
  }

  private static func plural(_ origin: Origin) -> String {
    (origin.object.split(separator: " ").first.map(String.init) ?? "object").lowercased() + "s"
  }

  /// Reports what a mapping has beyond what is read.
  mutating func reportRest(
    of field: Field, known: Set<String>, reasons: [String: String], in manifest: Manifest
  ) {
    for (key, value) in field.entries where !known.contains(key) && value.exists {
      remarks.add(
        .notCarried, manifest.origin(value),
        reasons[key] ?? "a plan has no such setting")
    }
  }
}
