internal import Model

/// Kanister's Blueprint: the phases of its backup action that run commands in the application's own pods.
enum KanisterBlueprints {
  private static let group = "cr.kanister.io"
  private static let functions: Set = ["KubeExec", "KubeExecAll", "ScaleWorkload"]

  static func read(_ state: inout ImportState) {
    for blueprint in state.manifests(group: group, "Blueprint") { read(blueprint, &state) }
    for manifest in state.manifests where manifest.group == group {
      guard !["Blueprint", "ActionSet"].contains(manifest.kind) else { continue }
      state.remarks.add(.notCarried, manifest.origin, "objects of this kind are not read")
    }
  }

  private static func read(_ blueprint: Manifest, _ state: inout ImportState) {
    state.names.append(blueprint.name)
    let targets = targets(of: blueprint, &state)
    var finding = HookFinding(
      target: .labels([:], namespace: nil), origin: blueprint.origin, name: blueprint.name)
    var hasBackup = false
    for (name, action) in blueprint.root["actions"].entries {
      switch name {
      case "backup", "backupPrehook", "backupPosthook":
        hasBackup = true
        read(action, named: name, of: blueprint, into: &finding, &state)
      case "restorePosthook":
        for phase in action["phases"].list(&state.log) {
          takeRestore(phase, of: blueprint, into: &finding, &state)
        }
      default:
        state.remarks.add(
          .notCarried, blueprint.origin(action),
          "of a blueprint only its backup, and what follows a restore, are read")
      }
    }
    guard hasBackup else {
      return state.remarks.add(.notCarried, blueprint.origin, "it has no action 'backup'")
    }
    guard !finding.pre.isEmpty || !finding.post.isEmpty || finding.freezes else { return }
    guard !targets.isEmpty else {
      return state.remarks.add(
        .notCarried, blueprint.origin,
        "nothing that was given says for which workload it is: import the workload and the ActionSet, or annotate the "
          + "workload with kanister.kasten.io/blueprint")
    }
    for target in targets {
      var finding = finding
      finding.target = target
      state.findings.append(finding)
    }
  }

  // MARK: Phases

  private static func read(
    _ action: Field, named name: String, of blueprint: Manifest, into finding: inout HookFinding,
    _ state: inout ImportState
  ) {
    let phases = action["phases"].list(&state.log)
    // What copies the data marks the moment of the snapshot.
    let cut = phases.firstIndex { !functions.contains($0["func"].scalarText ?? "") }
    for (index, phase) in phases.enumerated() {
      let isAfter = name == "backupPosthook" || cut.map { index > $0 } ?? false
      take(phase, isAfter: isAfter, of: blueprint, into: &finding, &state)
    }
    if action["deferPhase"].exists {
      take(action["deferPhase"], isAfter: true, of: blueprint, into: &finding, &state)
    }
    for key in ["outputArtifacts", "inputArtifactNames", "configMapNames", "secretNames"]
    where action[key].exists {
      state.remarks.add(
        .notCarried, blueprint.origin(action[key]), "a backup of a plan is its snapshots")
    }
  }

  private static func take(
    _ phase: Field, isAfter: Bool, of blueprint: Manifest, into finding: inout HookFinding,
    _ state: inout ImportState
  ) {
    let origin = blueprint.origin(phase)
    guard let function = phase["func"].text(&state.log) else {
      return state.log.note(phase, "expected a phase with 'func'")
    }
    let arguments = phase["args"]
    switch function {
    case "KubeExec", "KubeExecAll":
      guard let taken = command(phase, of: blueprint, &state) else { return }
      if isAfter { finding.post.append(taken) } else { finding.pre.append(taken) }
    case "ScaleWorkload":
      guard !isAfter, arguments["replicas"].scalarText == "0" else { return }
      finding.freezes = true
      state.remarks.add(
        .changed, origin,
        "instead of being scaled to zero, the workload goes on running and is frozen while it is snapshotted"
      )
    default:
      finding.freezes = true
      state.remarks.add(
        .notCarried, origin,
        "the function \(function.shownBriefly) has no equal here; the volumes are snapshotted instead"
      )
    }
  }

  private static func takeRestore(
    _ phase: Field, of blueprint: Manifest, into finding: inout HookFinding,
    _ state: inout ImportState
  ) {
    let origin = blueprint.origin(phase)
    let function = phase["func"].text(&state.log) ?? ""
    guard ["KubeExec", "KubeExecAll"].contains(function) else {
      return state.remarks.add(
        .notCarried, origin, "the function \(function.shownBriefly) has no equal after a restore")
    }
    guard let taken = command(phase, of: blueprint, &state) else { return }
    finding.restores.append(RestoreCommand(command: taken, onFailure: .fail))
    state.remarks.add(
      .changed, origin,
      "runs after a restore of objects, in one pod of its workload, once that is ready")
  }

  /// Nil where it cannot stand in a plan; a remark says so.
  private static func command(
    _ phase: Field, of blueprint: Manifest, _ state: inout ImportState
  ) -> HookCommand? {
    let arguments = phase["args"]
    guard let command = arguments["command"].texts(&state.log), !command.isEmpty else {
      state.log.note(phase, "expected 'args.command', a list of texts")
      return nil
    }
    guard !command.contains(where: { $0.contains("{{") }) else {
      state.remarks.add(
        .notCarried, blueprint.origin(phase),
        "its command is a template, which Kanister fills in when it runs; a plan's commands are as they stand"
      )
      return nil
    }
    let names = arguments["containers"].scalarText ?? arguments["container"].scalarText
    let container = names.flatMap { name in
      name.contains("{{") ? nil : name.split(separator: " ").first.map(String.init)
    }
    return HookCommand(
      arguments: command, container: container, timeout: .none, origin: blueprint.origin(phase))
  }

  // MARK: Workloads

  /// Workloads that name the blueprint, or for which an ActionSet runs it; a single one that was given needs no name.
  private static func targets(of blueprint: Manifest, _ state: inout ImportState)
    -> [HookFinding.Target]
  {
    var pods: [Int] = []
    func add(_ found: [Int]) { pods += found.filter { !pods.contains($0) } }
    for workload in state.inventory.workloads
    where workload.annotations["kanister.kasten.io/blueprint"].scalarText == blueprint.name {
      add(state.inventory.pods(of: workload.kind, workload.name, in: workload.namespace))
    }
    for actionSet in state.manifests(group: group, "ActionSet") {
      for action in actionSet.spec["actions"].list(&state.log)
      where action["blueprint"].scalarText == blueprint.name {
        let object = action["object"]
        guard let kind = object["kind"].scalarText, let name = object["name"].scalarText else {
          continue
        }
        let canonical = Inventory.workloads.first { $0.lowercased() == kind.lowercased() } ?? kind
        add(state.inventory.pods(of: canonical, name, in: object["namespace"].scalarText))
      }
    }
    if pods.isEmpty, state.inventory.pods.count == 1 { pods = [0] }
    return pods.map { .pod($0) }
  }
}
