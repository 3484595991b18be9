/// Longhorn's VolumeHookPolicy: commands for the pods that use certain claims.
enum LonghornPolicies {
  static func read(_ state: inout ImportState) {
    for policy in state.manifests(group: "longhorn.io", "VolumeHookPolicy") {
      read(policy, &state)
    }
  }

  private static func read(_ policy: Manifest, _ state: inout ImportState) {
    let hooks = policy.spec["hooks"].list(&state.log)
    let forSnapshots = hooks.filter { operations($0, &state).contains("snapshot") }
    for hook in hooks {
      let exec = hook["exec"]
      guard exec.exists else {
        state.remarks.add(.notCarried, policy.origin(hook), "it is no 'exec' hook")
        continue
      }
      // A plan's backup is snapshots.
      let podSelection = LabelSelection(exec["podSelector"], &state.log)
      if !operations(hook, &state).contains("snapshot"),
        forSnapshots.contains(where: {
          LabelSelection($0["exec"]["podSelector"], &state.log) == podSelection
        })
      {
        state.remarks.add(
          .notCarried, policy.origin(hook["operations"]),
          "it is for backups alone, and the same pods have a hook for snapshots: that one is taken")
        continue
      }
      let finding = HookFinding(
        target: .labels([:], namespace: nil),
        pre: commands(exec["preCommand"], exec, policy, &state),
        post: commands(exec["postCommand"], exec, policy, &state), origin: policy.origin(hook),
        name: hook["name"].text(&state.log) ?? policy.name)
      guard !finding.pre.isEmpty || !finding.post.isEmpty else { continue }
      for target in targets(policy, podSelection, finding, &state) {
        var finding = finding
        finding.target = target
        state.findings.append(finding)
      }
    }
  }

  private static func operations(_ hook: Field, _ state: inout ImportState) -> [String] {
    hook["operations"].texts(&state.log) ?? ["snapshot", "backup"]
  }

  private static func commands(
    _ field: Field, _ exec: Field, _ policy: Manifest, _ state: inout ImportState
  ) -> [HookCommand] {
    guard let arguments = field.texts(&state.log), !arguments.isEmpty else { return [] }
    return [
      HookCommand(
        arguments: arguments, container: exec["container"].text(&state.log), timeout: .none,
        origin: policy.origin(field))
    ]
  }

  /// The pods of the policy's namespace that use one of its claims, as far as pods and claims were given.
  private static func targets(
    _ policy: Manifest, _ selection: LabelSelection?, _ finding: HookFinding,
    _ state: inout ImportState
  ) -> [HookFinding.Target] {
    let namespace = policy.namespace ?? "default"
    let names = Set(policy.spec["pvcNames"].texts(&state.log, most: 10_000) ?? [])
    let claimSelection = LabelSelection(policy.spec["pvcSelector"], &state.log)
    let inventory = state.inventory
    let pods = inventory.pods(in: [namespace], matching: selection).filter { index in
      let pod = inventory.pods[index]
      return pod.claims.contains { volume, claim in
        if names.contains(claim) { return true }
        guard let claimSelection else { return false }
        return inventory.claim(pod, volume).map { claimSelection.matches($0.manifest.labels) }
          ?? false
      }
    }
    if !pods.isEmpty { return pods.map { .pod($0) } }
    guard inventory.pods(in: [namespace], matching: nil).isEmpty else {
      state.remarks.add(
        .notCarried, finding.origin,
        "none of the pods that were given uses one of its claims; where it selects claims by labels, import the claims with it"
      )
      return []
    }
    state.remarks.add(
      .changed,
      policy.origin(
        policy.spec["pvcSelector"].exists ? policy.spec["pvcSelector"] : policy.spec["pvcNames"]),
      "the pods are selected by their own labels, and all of their claims belong to the backup")
    return state.targets(in: [namespace], selection, finding.origin)
  }
}
