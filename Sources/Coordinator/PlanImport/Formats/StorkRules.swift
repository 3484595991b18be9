/// Stork's rules, and the objects that say which of them run before and which after a snapshot.
enum StorkRules {
  private static let group = "stork.libopenstorage.org"

  private struct Uses {
    var before: Set<String> = []
    var after: Set<String> = []
  }

  static func read(_ state: inout ImportState) {
    let rules = state.manifests(group: group, "Rule")
    let uses = uses(&state)
    for rule in rules { read(rule, uses, &state) }
    for manifest in state.manifests where manifest.group == group && manifest.kind != "Rule" {
      state.remarks.add(
        .notCarried, manifest.origin,
        "of objects of this kind only the names of their rules are read")
    }
  }

  /// Rules are named by namespace and name.
  private static func uses(_ state: inout ImportState) -> Uses {
    var uses = Uses()
    for manifest in state.manifests {
      func key(_ name: String) -> String { Inventory.key(manifest.namespace, name) }
      if manifest.group == group {
        for spec in [manifest.spec, manifest.spec["template"]["spec"]] {
          if let name = spec["preExecRule"].text(&state.log) { uses.before.insert(key(name)) }
          if let name = spec["postExecRule"].text(&state.log) { uses.after.insert(key(name)) }
        }
      }
      for (annotation, value) in manifest.annotations.entries
      where annotation.hasPrefix("stork.rule/") || annotation.hasPrefix(group + "/") {
        guard let name = value.scalarText else { continue }
        if annotation.contains("/pre-snapshot") { uses.before.insert(key(name)) }
        if annotation.contains("/post-snapshot") { uses.after.insert(key(name)) }
      }
    }
    return uses
  }

  private static func read(_ rule: Manifest, _ uses: Uses, _ state: inout ImportState) {
    let key = Inventory.key(rule.namespace, rule.name)
    var isAfter = uses.after.contains(key)
    if !isAfter, !uses.before.contains(key) {
      let words = rule.name.lowercased()
      isAfter = words.contains("post")
      let guess = isAfter ? "after" : "before"
      state.remarks.add(
        .changed, rule.origin,
        "nothing that was given uses this rule: by its name it is taken to run \(guess) the snapshot"
      )
    }
    // Older releases called the list `spec`.
    let items = rule.root["rules"].exists ? rule.root["rules"] : rule.root["spec"]
    for item in items.list(&state.log) { read(item, of: rule, isAfter: isAfter, &state) }
  }

  private static func read(
    _ item: Field, of rule: Manifest, isAfter: Bool, _ state: inout ImportState
  ) {
    let origin = rule.origin(item)
    let labels = item["podSelector"].dictionary(&state.log)
    let container = item["container"].text(&state.log)
    var single: [HookCommand] = []
    var commands: [HookCommand] = []
    for action in item["actions"].list(&state.log) {
      let origin = rule.origin(action)
      guard action["type"].text(&state.log) ?? "command" == "command" else {
        state.remarks.add(.notCarried, origin, "it is no action of the type 'command'")
        continue
      }
      guard let value = action["value"].text(&state.log), !value.isEmpty else {
        state.log.note(action, "expected the action's 'value', a command")
        continue
      }
      let command = HookCommand(
        arguments: ["sh", "-c", value], container: container.flatMap { $0.isEmpty ? nil : $0 },
        timeout: .none, isBackground: action["background"].boolean(&state.log) ?? false,
        origin: origin)
      if action["runInSinglePod"].boolean(&state.log) ?? false {
        single.append(command)
      } else {
        commands.append(command)
      }
    }
    guard !commands.isEmpty || !single.isEmpty else { return }
    let namespaces = rule.namespace.map { Set([$0]) }
    let targets = state.targets(
      in: namespaces, LabelSelection(labels: labels), origin)
    for (index, target) in targets.enumerated() {
      let taken = commands + (index == 0 ? single : [])
      if index > 0, !single.isEmpty {
        state.remarks.add(
          .changed, origin, "runInSinglePod: it is held in the first pod that matches alone")
      }
      guard !taken.isEmpty else { continue }
      state.findings.append(
        HookFinding(
          target: target, pre: isAfter ? [] : taken, post: isAfter ? taken : [], origin: origin,
          name: labels["app"] ?? labels.sorted { $0.key < $1.key }.first?.value))
    }
  }
}
