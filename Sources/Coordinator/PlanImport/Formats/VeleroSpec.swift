/// Velero's Backup and Schedule objects: their hooks, and what they contain.
enum VeleroSpec {
  private static let reasons: [String: String] = [
    "ttl": "this version deletes no backups by itself; use 'stillpoint backup delete'",
    "schedule":
      "this version has no schedules; run 'stillpoint backup create' from a timer",
    "useOwnerReferencesInBackup": "backups are no Kubernetes objects of a schedule",
    "paused": "this version has no schedules",
    "skipImmediately": "this version has no schedules",
    "csiSnapshotTimeout": "a snapshot has to be cut within the hold, which the plan's cap bounds",
    "itemOperationTimeout": "snapshots stay with their driver: nothing is uploaded",
    "storageLocation": "snapshots stay with their driver: nothing is uploaded",
    "volumeSnapshotLocations": "snapshots stay with their driver",
    "snapshotMoveData": "snapshots stay with their driver: nothing is uploaded",
    "datamover": "snapshots stay with their driver: nothing is uploaded",
    "uploaderConfig": "snapshots stay with their driver: nothing is uploaded",
    "defaultVolumesToFsBackup": "volumes are snapshotted, their files are not copied",
    "defaultVolumesToRestic": "volumes are snapshotted, their files are not copied",
    "resourcePolicy": "a plan names its volumes itself: see 'volumes' of a service",
    "includedResources": "a plan names services, not kinds of objects",
    "excludedResources": "a plan names services, not kinds of objects",
    "includeClusterResources": "a plan names services, not kinds of objects",
    "includedClusterScopedResources": "a plan names services, not kinds of objects",
    "excludedClusterScopedResources": "a plan names services, not kinds of objects",
    "includedNamespaceScopedResources": "a plan names services, not kinds of objects",
    "excludedNamespaceScopedResources": "a plan names services, not kinds of objects",
    "orLabelSelectors": "a plan selects by equal labels only",
    "volumeGroupSnapshotLabelKey": "all volumes of a plan belong to one cut",
  ]
  private static let readKeys: Set = [
    "hooks", "includedNamespaces", "excludedNamespaces", "labelSelector", "orderedResources",
    "snapshotVolumes", "metadata",
  ]

  static func read(_ state: inout ImportState) {
    let schedules = state.manifests(group: "velero.io", "Schedule")
    let scheduled = Set(schedules.map(\.name))
    for manifest in schedules {
      state.reportRest(
        of: manifest.spec, known: ["template"], reasons: reasons, in: manifest)
      read(manifest, manifest.spec["template"], &state)
    }
    for manifest in state.manifests(group: "velero.io", "Backup") {
      // What a schedule has made repeats the schedule.
      if let schedule = manifest.labels["velero.io/schedule-name"], scheduled.contains(schedule) {
        continue
      }
      read(manifest, manifest.spec, &state)
    }
    for manifest in state.manifests where manifest.group == "velero.io" {
      guard !["Schedule", "Backup"].contains(manifest.kind) else { continue }
      guard manifest.kind != "Restore" else {
        VeleroRestoreHooks.read(manifest, &state)
        continue
      }
      state.remarks.add(.notCarried, manifest.origin, "objects of this kind are not read")
    }
  }

  private static func read(_ manifest: Manifest, _ spec: Field, _ state: inout ImportState) {
    state.names.append(manifest.name)
    state.reportRest(of: spec, known: readKeys, reasons: reasons, in: manifest)
    let included = namespaces(spec["includedNamespaces"], &state)
    let excluded = namespaces(spec["excludedNamespaces"], &state) ?? []
    let selection = LabelSelection(spec["labelSelector"], &state.log)
    state.scopes.append(
      ImportState.Scope(
        namespaces: included, excluded: excluded, selection: selection, origin: manifest.origin))
    let ordered = spec["orderedResources"]
    if ordered.exists {
      state.remarks.add(
        .changed, manifest.origin(ordered),
        "no order is needed: everything is cut at the same instant; 'dependsOn' gives the order of a restore"
      )
    }
    if spec["snapshotVolumes"].boolean(&state.log) == false {
      state.remarks.add(
        .notCarried, manifest.origin(spec["snapshotVolumes"]),
        "false: a backup of a plan is its snapshots")
    }
    for resource in spec["hooks"]["resources"].list(&state.log) {
      read(resource, of: manifest, within: included, excluded, &state)
    }
  }

  /// Nil stands for all: nothing was named, or a star.
  static func namespaces(_ field: Field, _ state: inout ImportState) -> Set<String>? {
    guard let names = field.texts(&state.log, most: 10_000), !names.isEmpty, !names.contains("*")
    else { return nil }
    return Set(names)
  }

  private static func read(
    _ resource: Field, of manifest: Manifest, within outer: Set<String>?,
    _ outerExcluded: Set<String>,
    _ state: inout ImportState
  ) {
    let name = resource["name"].text(&state.log) ?? ""
    let origin = manifest.origin(resource)
    guard let scope = scope(resource, of: manifest, outer, outerExcluded, &state) else { return }
    let pre = commands(resource["pre"], manifest, &state)
    let post = commands(resource["post"], manifest, &state)
    guard !pre.isEmpty || !post.isEmpty else { return }
    for target in state.targets(
      in: scope.namespaces, scope.selection, origin)
    {
      var finding = HookFinding(target: target, pre: pre, post: post, origin: origin, name: name)
      if case .pod(let index) = target {
        let pod = state.inventory.pods[index]
        guard !scope.excluded.contains(pod.namespace ?? "default"),
          !VeleroAnnotations.isExcluded(pod.labels)
        else { continue }
        withdraw(&finding, where: pod, &state)
        guard !finding.pre.isEmpty || !finding.post.isEmpty else { continue }
      }
      state.findings.append(finding)
    }
  }

  /// For which pods a list of hooks is meant, within what its object is about; nil when for none.
  static func scope(
    _ resource: Field, of manifest: Manifest, _ outer: Set<String>?, _ outerExcluded: Set<String>,
    _ state: inout ImportState
  ) -> ImportState.Scope? {
    let origin = manifest.origin(resource)
    let own = namespaces(resource["includedNamespaces"], &state)
    let excluded = (namespaces(resource["excludedNamespaces"], &state) ?? []).union(outerExcluded)
    let kinds = resource["includedResources"].texts(&state.log) ?? []
    let without = resource["excludedResources"].texts(&state.log) ?? []
    let meansPods = kinds.isEmpty || kinds.contains { ["pods", "pod", "po", "*"].contains($0) }
    guard meansPods, !without.contains(where: { ["pods", "pod", "po", "*"].contains($0) }) else {
      state.remarks.add(
        .notCarried, origin, "it is not meant for pods, and Velero runs hooks in pods only")
      return nil
    }
    let namespaces = own.map { own in outer.map { own.intersection($0) } ?? own } ?? outer
    return ImportState.Scope(
      namespaces: namespaces?.subtracting(excluded), excluded: excluded,
      selection: LabelSelection(resource["labelSelector"], &state.log), origin: origin)
  }

  /// A pod's own annotations take precedence, for each phase.
  private static func withdraw(
    _ finding: inout HookFinding, where pod: Pod, _ state: inout ImportState
  ) {
    let phases = [VeleroAnnotations.Phase.pre, .post].filter {
      VeleroAnnotations.speaks(pod, for: $0)
    }
    guard !phases.isEmpty else { return }
    if phases.contains(.pre) { finding.pre = [] }
    if phases.contains(.post) { finding.post = [] }
    state.remarks.add(
      .carried, finding.origin,
      "not for \(pod.origin.object): its own annotations take precedence, as in Velero")
  }

  private static func commands(_ field: Field, _ manifest: Manifest, _ state: inout ImportState)
    -> [HookCommand]
  {
    field.list(&state.log).compactMap { element in
      let hook = element["exec"]
      guard hook.exists else {
        state.remarks.add(.notCarried, manifest.origin(element), "it is no 'exec' hook")
        return nil
      }
      guard let command = hook["command"].texts(&state.log), !command.isEmpty else {
        state.log.note(hook, "expected a command as a list of texts")
        return nil
      }
      if hook["onError"].text(&state.log) == "Continue" {
        state.remarks.add(
          .notCarried, manifest.origin(hook["onError"]),
          "Continue: here no backup goes on without its hold; policy: best-effort leaves a failing service out"
        )
      }
      var timeout = HookCommand.Timeout.standard(VeleroAnnotations.standardTimeout)
      if let text = hook["timeout"].text(&state.log), !text.isEmpty {
        if let duration = Duration(goText: text) {
          if duration > .zero { timeout = .given(duration) }
        } else {
          state.log.note(hook["timeout"], "expected a duration such as 30s")
        }
      }
      return HookCommand(
        arguments: command, container: hook["container"].text(&state.log), timeout: timeout,
        origin: manifest.origin(hook["command"]))
    }
  }
}
