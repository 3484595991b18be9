internal import Model

/// Ramen's Recipe: groups of volumes, hooks with operations, and the order in which a backup runs them.
enum RamenRecipes {
  static let standardTimeout = Duration.seconds(30)

  static func read(_ state: inout ImportState) {
    for manifest in state.manifests where manifest.kind == "Recipe" {
      guard
        manifest.group == "ramendr.openshift.io" || manifest.group.hasPrefix("spp-data-protection")
      else { continue }
      RecipeReading(manifest).read(&state)
    }
  }
}

/// One recipe.
private struct RecipeReading {
  let recipe: Manifest
  private var hooks: [String: Field] = [:]
  private var volumeGroups: Set<String> = []

  init(_ recipe: Manifest) {
    self.recipe = recipe
    for hook in recipe.spec["hooks"].elements {
      if let name = hook["name"].scalarText { hooks[name] = hook }
    }
    for group in recipe.spec["groups"].elements + [recipe.spec["volumes"]]
    where group["type"].scalarText == "volume" {
      if let name = group["name"].scalarText { volumeGroups.insert(name) }
    }
  }

  /// One step of a workflow.
  private struct Step {
    var kind: String
    var name: String
    var field: Field
  }

  func read(_ state: inout ImportState) {
    state.names.append(recipe.name)
    let workflows = recipe.spec["workflows"].list(&state.log)
    for workflow in workflows {
      guard let name = workflow["name"].text(&state.log) else { continue }
      guard name == "backup" else {
        if name == "restore" {
          readRestore(workflow, &state)
        } else {
          state.remarks.add(
            .notCarried, recipe.origin(workflow), "of a recipe only backup and restore are read")
        }
        continue
      }
      if let failOn = workflow["failOn"].text(&state.log), failOn != "any-error" {
        state.remarks.add(
          .notCarried, recipe.origin(workflow["failOn"]),
          "every failure ends the attempt; policy: best-effort leaves a failing service out")
      }
      read(workflow, &state)
    }
    guard workflows.contains(where: { $0["name"].scalarText == "backup" }) else {
      return state.remarks.add(
        .notCarried, recipe.origin, "it has no workflow named 'backup', which a plan is made of")
    }
    readGroups(&state)
  }

  // MARK: The order

  private func read(_ workflow: Field, _ state: inout ImportState) {
    let steps = steps(of: workflow, &state)
    // Where no group of volumes is named, the resources mark the moment.
    let cut =
      steps.firstIndex { $0.kind == "group" && volumeGroups.contains($0.name) }
      ?? steps.firstIndex { $0.kind == "group" }
    var byHook: [String: HookFinding] = [:]
    var order: [String] = []
    let inverses = Set(steps.compactMap { operation($0)?["inverseOp"].scalarText })
    for (index, step) in steps.enumerated() where step.kind == "hook" {
      let parts = step.name.split(separator: "/", maxSplits: 1).map(String.init)
      guard let hook = hooks[parts[0]] else {
        state.log.note(step.field, "no hook '\(parts[0].shownBriefly)' in this recipe")
        continue
      }
      var finding =
        byHook[parts[0]]
        ?? HookFinding(
          target: .labels([:], namespace: nil), origin: recipe.origin(hook), name: parts[0])
      if byHook[parts[0]] == nil { order.append(parts[0]) }
      let operationName = parts.count > 1 ? parts[1] : ""
      let isAfter = cut.map { index > $0 } ?? inverses.contains(operationName)
      take(step, hook, isAfter: isAfter, into: &finding, &state)
      byHook[parts[0]] = finding
    }
    for name in order {
      guard var finding = byHook[name], let hook = hooks[name] else { continue }
      addInverses(steps, name, hook, &finding, &state)
      guard !finding.pre.isEmpty || !finding.post.isEmpty || finding.freezes else { continue }
      for target in targets(hook, finding, &state) {
        var finding = finding
        finding.target = target
        state.findings.append(finding)
      }
    }
  }

  private func steps(of workflow: Field, _ state: inout ImportState) -> [Step] {
    var steps: [Step] = []
    for element in workflow["sequence"].list(&state.log) {
      for (kind, value) in element.entries {
        guard let name = value.text(&state.log) else { continue }
        steps.append(Step(kind: kind, name: name, field: value))
      }
    }
    return steps
  }

  /// What stands after the groups runs once the service runs again; there is nothing before that it could run in.
  private func readRestore(_ workflow: Field, _ state: inout ImportState) {
    let steps = steps(of: workflow, &state)
    let begin = steps.firstIndex { $0.kind == "group" } ?? -1
    for (index, step) in steps.enumerated() where step.kind == "hook" {
      let parts = step.name.split(separator: "/", maxSplits: 1).map(String.init)
      guard let hook = hooks[parts[0]] else {
        state.log.note(step.field, "no hook '\(parts[0].shownBriefly)' in this recipe")
        continue
      }
      guard index > begin else {
        state.remarks.add(
          .notCarried, recipe.origin(step.field),
          "nothing runs before a restore in which it could run")
        continue
      }
      guard hook["type"].text(&state.log) ?? "exec" == "exec" else {
        state.remarks.add(
          .notCarried, recipe.origin(step.field),
          "a restore starts services in the plan's order and waits for each by itself")
        continue
      }
      guard let operation = operation(step) else {
        state.log.note(step.field, "expected 'HOOK/OPERATION' with an operation of that hook")
        continue
      }
      guard let command = command(operation, hook, isRestore: true, &state) else { continue }
      let goesOn = [operation["onError"], hook["onError"]].contains {
        $0.scalarText?.lowercased() == "continue"
      }
      state.remarks.add(
        .carried, recipe.origin(step.field),
        "runs after a restore of objects, once its workload is ready")
      let finding = HookFinding(
        target: .labels([:], namespace: nil),
        restores: [RestoreCommand(command: command, onFailure: goesOn ? .continue : .fail)],
        origin: recipe.origin(hook), freezes: true, name: parts[0])
      for target in targets(hook, finding, &state) {
        var finding = finding
        finding.target = target
        state.findings.append(finding)
      }
    }
  }

  private func operation(_ step: Step) -> Field? {
    let parts = step.name.split(separator: "/", maxSplits: 1).map(String.init)
    guard step.kind == "hook", parts.count == 2 else { return nil }
    return hooks[parts[0]]?["ops"].elements.first { $0["name"].scalarText == parts[1] }
  }

  private func take(
    _ step: Step, _ hook: Field, isAfter: Bool, into finding: inout HookFinding,
    _ state: inout ImportState
  ) {
    switch hook["type"].text(&state.log) ?? "exec" {
    case "exec": break
    case "scale":
      guard !isAfter else { return }
      finding.freezes = true
      return state.remarks.add(
        .changed, recipe.origin(step.field),
        "instead of being scaled down, what it selects goes on running and is frozen while it is snapshotted"
      )
    case "check":
      return state.remarks.add(
        .notCarried, recipe.origin(step.field),
        "conditions are not checked; 'stillpoint plan check' rehearses what a cut needs")
    case let type:
      return state.remarks.add(
        .notCarried, recipe.origin(step.field),
        "hooks of the type '\(type.shownBriefly)' are not read")
    }
    guard let operation = operation(step) else {
      return state.log.note(step.field, "expected 'HOOK/OPERATION' with an operation of that hook")
    }
    guard let command = command(operation, hook, &state) else { return }
    if isAfter { finding.post.append(command) } else { finding.pre.append(command) }
  }

  /// What an operation names as its reverse runs after the cut even where the sequence forgets it.
  private func addInverses(
    _ steps: [Step], _ name: String, _ hook: Field, _ finding: inout HookFinding,
    _ state: inout ImportState
  ) {
    guard finding.post.isEmpty else { return }
    for step in steps.reversed() where step.name.hasPrefix(name + "/") {
      guard let inverse = operation(step)?["inverseOp"].scalarText,
        let operation = hook["ops"].elements.first(where: { $0["name"].scalarText == inverse }),
        let command = command(operation, hook, &state)
      else { continue }
      finding.post.append(command)
      state.remarks.add(
        .changed, recipe.origin(operation),
        "the sequence does not run this reverse operation; the plan runs it at the end of each hold"
      )
    }
  }

  // MARK: One hook

  private func command(
    _ operation: Field, _ hook: Field, isRestore: Bool = false, _ state: inout ImportState
  ) -> HookCommand? {
    let field = operation["command"]
    let arguments: [String]?
    if field.isList {
      arguments = field.texts(&state.log)
    } else if let text = field.text(&state.log) {
      arguments = JSONTexts.read(text.trimmed) ?? ShellWords(script: text).statements.first
      if JSONTexts.read(text.trimmed) == nil, text.contains(where: { " ;|&\n".contains($0) }) {
        state.remarks.add(
          .changed, recipe.origin(field), "the text was split into words; no shell reads it")
      }
    } else {
      arguments = nil
    }
    guard let arguments, !arguments.isEmpty else {
      state.log.note(operation, "expected a command")
      return nil
    }
    for field in [operation["onError"], hook["onError"]]
    where field.scalarText?.lowercased() == "continue" && !isRestore {
      state.remarks.add(
        .notCarried, recipe.origin(field),
        "continue: here no backup goes on without its hold; policy: best-effort leaves a failing service out"
      )
    }
    let timeout = timeout(operation["timeout"]) ?? timeout(hook["timeout"])
    return HookCommand(
      arguments: arguments, container: operation["container"].text(&state.log),
      timeout: timeout.map { .given($0) } ?? .standard(RamenRecipes.standardTimeout),
      origin: recipe.origin(operation))
  }

  /// Older releases count seconds, newer ones write durations.
  private func timeout(_ field: Field) -> Duration? {
    guard let text = field.scalarText else { return nil }
    let duration = Int(text).map { Duration.seconds(min($0, 1_000_000)) } ?? Duration(goText: text)
    return duration.flatMap { $0 > .zero ? $0 : nil }
  }

  private func targets(_ hook: Field, _ finding: HookFinding, _ state: inout ImportState)
    -> [HookFinding.Target]
  {
    let namespace = hook["namespace"].text(&state.log).flatMap { $0.contains("$") ? nil : $0 }
    let selection = LabelSelection(hook["labelSelector"], &state.log)
    let kind = hook["selectResource"].text(&state.log) ?? "pod"
    if let pattern = hook["nameSelector"].text(&state.log), !pattern.isEmpty {
      return named(pattern, kind, namespace ?? recipe.namespace, hook, &state)
    }
    if kind != "pod", selection?.isEmpty == false {
      state.remarks.add(
        .changed, recipe.origin(hook["selectResource"]),
        "the labels are those of a \(kind.shownBriefly); the plan looks for them at its pods: check that they are the same"
      )
    }
    let targets = state.targets(
      in: (namespace ?? recipe.namespace).map { [$0] }, selection, finding.origin)
    guard hook["singlePodOnly"].boolean(&state.log) ?? false, targets.count > 1 else {
      return targets
    }
    state.remarks.add(
      .changed, recipe.origin(hook["singlePodOnly"]),
      "it is held in the first pod that matches alone")
    return Array(targets.prefix(1))
  }

  /// A name can be looked up among what was given, and cannot stand in a plan.
  private func named(
    _ pattern: String, _ kind: String, _ namespace: String?, _ hook: Field,
    _ state: inout ImportState
  ) -> [HookFinding.Target] {
    let inventory = state.inventory
    let found = inventory.pods(in: namespace.map { [$0] }, matching: nil).filter { index in
      let pod = inventory.pods[index]
      return pod.name == pattern || pod.workload == pattern
    }
    if found.isEmpty {
      state.remarks.add(
        .notCarried, recipe.origin(hook["nameSelector"]),
        "a plan selects by labels, and no \(kind.shownBriefly) of exactly this name was given; import the pods with it"
      )
    }
    return found.map { .pod($0) }
  }

  /// The claims that the recipe protects belong to pods, which take part with or without hooks.
  private func readGroups(_ state: inout ImportState) {
    for group in recipe.spec["groups"].elements + [recipe.spec["volumes"]] where group.exists {
      guard group["type"].scalarText == "volume" else {
        state.remarks.add(
          .notCarried, recipe.origin(group), "a plan names services and their volumes, not objects")
        continue
      }
      let selection = LabelSelection(group["labelSelector"], &state.log)
      let listed = group["includedNamespaces"].texts(&state.log).map { Set($0) }
      let namespaces = listed ?? recipe.namespace.map { [$0] }
      let inventory = state.inventory
      let pods = inventory.pods(in: namespaces, matching: nil).filter { index in
        let pod = inventory.pods[index]
        return pod.claims.keys.contains { volume in
          guard let selection, !selection.isEmpty else { return true }
          return inventory.claim(pod, volume).map { selection.matches($0.manifest.labels) } ?? false
        }
      }
      if pods.isEmpty {
        state.remarks.add(
          .changed, recipe.origin(group),
          "all claims of the services belong to the backup; claims of other pods do not: import pods and claims with it"
        )
      }
      for index in pods {
        state.findings.append(
          HookFinding(target: .pod(index), origin: recipe.origin(group), freezes: true))
      }
    }
  }
}

extension String {
  var trimmed: String {
    String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}
