internal import Model

/// Velero's hooks of a restore: in the annotations of pods, and in Restore objects.
enum VeleroRestoreHooks {
  private static let prefix = "post.hook.restore.velero.io/"
  private static let initPrefix = "init.hook.restore.velero.io/"
  private static let reasons: [String: String] = [
    "backupName": "the backup is an argument of 'stillpoint restore create'",
    "scheduleName": "the backup is an argument of 'stillpoint restore create'",
    "namespaceMapping": "give it to the restore: --namespace FROM=TO",
    "existingResourcePolicy": "give it to the restore: --existing skip, patch or fail",
  ]

  // MARK: Annotations

  /// Whether the pod's own annotations speak, so that no Restore's hooks do.
  static func speaks(_ pod: Pod) -> Bool {
    !(pod.annotations[prefix + "command"].scalarText ?? "").isEmpty
  }

  /// What the pod's annotations have run in it; nothing where they have none.
  static func commands(of pod: Pod, _ state: inout ImportState) -> [RestoreCommand] {
    for (key, value) in pod.annotations.entries where key.hasPrefix(initPrefix) {
      state.remarks.add(
        .notCarried, pod.origin.at(key, line: value.line),
        "a restore adds no init containers to pods; a command after it may do the same")
    }
    let field = pod.annotations[prefix + "command"]
    guard speaks(pod), let text = field.text(&state.log) else { return [] }
    let origin = pod.origin.at(prefix + "command", line: field.line)
    func setting(_ name: String, _ state: inout ImportState) -> String? {
      pod.annotations[prefix + name].text(&state.log).flatMap { $0.isEmpty ? nil : $0 }
    }
    let command = HookCommand(
      arguments: VeleroAnnotations.arguments(text, origin, &state),
      container: setting("container", &state),
      timeout: VeleroAnnotations.timeout(pod, prefix + "exec-timeout", &state), origin: origin)
    if setting("wait-timeout", &state) != nil {
      noteWait(pod.origin.at(prefix + "wait-timeout"), &state)
    }
    let isFatal = setting("on-error", &state) == "Fail"
    return [
      restore(command, isFatal, waitsForReady: setting("wait-for-ready", &state) == "true", &state)
    ]
  }

  private static func noteWait(_ origin: Origin, _ state: inout ImportState) {
    state.remarks.add(
      .changed, origin,
      "how long a service may take to become ready is said at the restore ('patience', ten minutes unless given)"
    )
  }

  private static func restore(
    _ command: HookCommand, _ isFatal: Bool, waitsForReady: Bool, _ state: inout ImportState
  ) -> RestoreCommand {
    var notes: [String] = []
    if !waitsForReady {
      notes.append("once its workload is ready, and not as soon as its container runs")
    }
    if isFatal { notes.append("after a failure, what depends on its service is not started") }
    state.remarks.add(
      notes.isEmpty ? .carried : .changed, command.origin,
      "runs after a restore of objects"
        + (notes.isEmpty ? "" : ": " + notes.joined(separator: "; ")))
    return RestoreCommand(command: command, onFailure: isFatal ? .fail : .continue)
  }

  // MARK: Restore objects

  static func read(_ restore: Manifest, _ state: inout ImportState) {
    state.reportRest(
      of: restore.spec, known: ["hooks", "includedNamespaces", "excludedNamespaces"],
      reasons: reasons, in: restore)
    let included = VeleroSpec.namespaces(restore.spec["includedNamespaces"], &state)
    let excluded = VeleroSpec.namespaces(restore.spec["excludedNamespaces"], &state) ?? []
    for resource in restore.spec["hooks"]["resources"].list(&state.log) {
      read(resource, of: restore, included, excluded, &state)
    }
  }

  private static func read(
    _ resource: Field, of restore: Manifest, _ included: Set<String>?, _ excluded: Set<String>,
    _ state: inout ImportState
  ) {
    let origin = restore.origin(resource)
    let name = resource["name"].text(&state.log) ?? ""
    guard let scope = VeleroSpec.scope(resource, of: restore, included, excluded, &state) else {
      return
    }
    let commands = resource["postHooks"].list(&state.log).compactMap {
      command($0, restore, &state)
    }
    guard !commands.isEmpty else { return }
    for target in state.targets(in: scope.namespaces, scope.selection, origin) {
      if case .pod(let index) = target {
        let pod = state.inventory.pods[index]
        guard !scope.excluded.contains(pod.namespace ?? "default"), !pod.hasEnded else { continue }
        guard !speaks(pod) else {
          state.remarks.add(
            .carried, origin,
            "not for \(pod.origin.object): its own annotations take precedence, as in Velero")
          continue
        }
      }
      state.findings.append(
        HookFinding(target: target, restores: commands, origin: origin, freezes: true, name: name))
    }
  }

  private static func command(
    _ element: Field, _ restore: Manifest, _ state: inout ImportState
  ) -> RestoreCommand? {
    let hook = element["exec"]
    guard hook.exists else {
      state.remarks.add(
        .notCarried, restore.origin(element),
        element["init"].exists
          ? "a restore adds no init containers to pods; a command after it may do the same"
          : "it is no 'exec' hook")
      return nil
    }
    guard let arguments = hook["command"].texts(&state.log), !arguments.isEmpty else {
      state.log.note(hook, "expected a command as a list of texts")
      return nil
    }
    var timeout = HookCommand.Timeout.standard(VeleroAnnotations.standardTimeout)
    if let text = hook["execTimeout"].text(&state.log), !text.isEmpty {
      if let duration = Duration(goText: text) {
        if duration > .zero { timeout = .given(duration) }
      } else {
        state.log.note(hook["execTimeout"], "expected a duration such as 30s")
      }
    }
    if hook["waitTimeout"].exists { noteWait(restore.origin(hook["waitTimeout"]), &state) }
    return self.restore(
      HookCommand(
        arguments: arguments, container: hook["container"].text(&state.log), timeout: timeout,
        origin: restore.origin(hook["command"])),
      hook["onError"].text(&state.log) == "Fail",
      waitsForReady: hook["waitForReady"].boolean(&state.log) ?? false, &state)
  }
}
