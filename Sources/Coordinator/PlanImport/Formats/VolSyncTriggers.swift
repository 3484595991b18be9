/// VolSync's copy triggers: a claim whose copy waits until somebody says that the application stands still.
enum VolSyncTriggers {
  private static let prefix = "volsync.backube/"

  static func read(_ state: inout ImportState) {
    for manifest in state.manifests(group: "", "PersistentVolumeClaim") { read(manifest, &state) }
    for manifest in state.manifests where manifest.group == "volsync.backube" {
      state.remarks.add(
        .notCarried, manifest.origin,
        "it copies volumes to another place, which this version does not")
    }
  }

  private static func read(_ claim: Manifest, _ state: inout ImportState) {
    let trigger = claim.annotations[prefix + "use-copy-trigger"]
    guard trigger.node != nil else { return }
    let origin = claim.origin.at(prefix + "use-copy-trigger", line: trigger.line)
    let pods = state.inventory.pods.indices.filter { index in
      let pod = state.inventory.pods[index]
      return !pod.hasEnded && pod.namespace == claim.namespace
        && pod.claims.values.contains(claim.name)
    }
    state.remarks.add(
      .notCarried, origin,
      "whatever sets copy-trigger stills the application itself and is not told here: let it stand as a hold 'command' "
        + "(pre before it sets the trigger, post after the copy)")
    guard !pods.isEmpty else {
      return state.remarks.add(
        .notCarried, claim.origin, "no pod was given that uses the claim: import the pods with it")
    }
    for index in pods {
      state.findings.append(
        HookFinding(target: .pod(index), origin: origin, freezes: true))
    }
  }
}
