/// K8up's annotations: a command whose output becomes the backup.
enum K8upAnnotations {
  private static let prefixes = ["k8up.io/", "k8up.syn.tools/"]

  static func read(_ state: inout ImportState) {
    for (index, pod) in state.inventory.pods.enumerated() where !pod.hasEnded {
      for prefix in prefixes { read(pod, index, prefix, &state) }
    }
    for manifest in state.manifests where prefixes.contains("\(manifest.group)/") {
      let reason =
        manifest.kind == "PreBackupPod"
        ? "it starts a pod of its own to write a dump; a plan holds what runs already"
        : "objects of this kind are not read"
      state.remarks.add(.notCarried, manifest.origin, reason)
    }
  }

  private static func read(
    _ pod: Pod, _ index: Int, _ prefix: String, _ state: inout ImportState
  ) {
    let field = pod.annotations[prefix + "backupcommand"]
    guard let text = field.text(&state.log), !text.isEmpty else { return }
    let origin = pod.origin.at(prefix + "backupcommand", line: field.line)
    let container = pod.annotations[prefix + "backupcommand-container"].text(&state.log)
    let fileExtension = pod.annotations[prefix + "file-extension"]
    if fileExtension.exists {
      state.remarks.add(
        .notCarried, pod.origin.at(prefix + "file-extension", line: fileExtension.line),
        "there is no dump to be named: the backup is snapshots of the volumes")
    }
    let command = HookCommand(
      arguments: ["sh", "-c", text], container: container, timeout: .none, isDump: true,
      origin: origin)
    state.findings.append(
      HookFinding(
        target: .pod(index), pre: [command], origin: pod.origin, freezes: true))
  }
}
