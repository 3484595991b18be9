/// Pods that a Velero backup contains without any hook: their claims belong to the plan as well.
enum BackupScopes {
  static func read(_ state: inout ImportState) {
    guard !state.scopes.isEmpty else { return }
    let taken = Set(
      state.findings.compactMap { finding -> Int? in
        guard case .pod(let index) = finding.target else { return nil }
        return index
      })
    for (index, pod) in state.inventory.pods.enumerated() where !taken.contains(index) {
      guard !pod.hasEnded, !pod.claims.isEmpty, !VeleroAnnotations.isExcluded(pod.labels),
        let scope = state.scopes.first(where: { $0.contains(pod) })
      else { continue }
      state.remarks.add(
        .changed, pod.origin,
        "\(scope.origin.object) contains it and no hook stilled it: here its volumes are frozen with all others"
      )
      state.findings.append(
        HookFinding(target: .pod(index), origin: scope.origin, freezes: true))
    }
  }
}

extension ImportState.Scope {
  func contains(_ pod: Pod) -> Bool {
    let namespace = pod.namespace ?? "default"
    return (namespaces?.contains(namespace) ?? true) && !excluded.contains(namespace)
      && (selection?.matches(pod.labels) ?? true)
  }
}
