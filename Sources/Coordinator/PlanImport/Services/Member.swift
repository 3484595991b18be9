internal import Model

/// The container that stands for an application in the plan, and what of it belongs to the backup.
struct Member: Hashable {
  var selector: PlacementSelector
  var volumes: VolumeSelection
  /// The container's image; nil where no pod was given.
  var image: String?
  /// The container's name; nil where no pod was given.
  var container: String?
  /// What to call the service, the best first.
  var names: [String]
  /// More containers than one, nothing told them apart.
  var isAmbiguous = false
}

/// Finds the member that a hook's target means.
struct MemberChoice {
  let inventory: Inventory

  /// Nil when the target has no such container; a remark says so.
  func member(of finding: HookFinding, _ remarks: inout RemarkLog) -> Member? {
    let member: Member? =
      switch finding.target {
      case .labels(let labels, let namespace): self.member(labels, namespace, finding)
      case .pod(let index): self.member(inventory.pods[index], finding, &remarks)
      }
    guard let member else { return nil }
    guard Self.canStand(member.selector) else {
      remarks.add(
        .notCarried, finding.origin,
        "its labels, namespace or container have names that no cluster accepts, and no plan either")
      return nil
    }
    return member
  }

  /// Whether the plan's format takes the selector.
  private static func canStand(_ selector: PlacementSelector) -> Bool {
    func isLine(_ text: String) -> Bool {
      text.utf8.count <= 4096 && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
    }
    return selector != PlacementSelector(labels: [:])
      && selector.labels.allSatisfy { key, value in
        !key.isEmpty && isLine(key) && !key.contains(" ") && isLine(value)
      }
      && [selector.namespace, selector.container].allSatisfy { name in
        name.map { !$0.isEmpty && isLine($0) } ?? true
      }
  }

  /// The mount paths that can stand in a plan, each once; all volumes where none can.
  private static func selection(_ paths: [String]) -> VolumeSelection {
    let valid = paths.reduce(into: [String]()) { valid, path in
      let parts = path.split(separator: "/")
      let isNormal =
        path.hasPrefix("/") && path.utf8.count <= 4096
        && path.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
        && !parts.contains { $0 == "." || $0 == ".." }
      if isNormal, !valid.contains(path) { valid.append(path) }
    }
    return valid.isEmpty ? .all : .paths(Array(valid.prefix(64)))
  }

  // MARK: Without the pod

  private func member(_ labels: [String: String], _ namespace: String?, _ finding: HookFinding)
    -> Member
  {
    let container = (finding.pre + finding.post + finding.restores.map(\.command)).lazy
      .compactMap(\.container).first
    let frozen = (finding.pre + finding.post)
      .compactMap { FreezeIdiom(ShellWords($0.arguments)) }
      .flatMap { $0.freezes + $0.thaws }
    let known = Labels.telling.compactMap { labels[$0] }
    return Member(
      selector: PlacementSelector(labels: labels, namespace: namespace, container: container),
      volumes: Self.selection(frozen), image: nil, container: nil,
      names: known + [finding.name].compactMap { $0 } + labels.values.sorted())
  }

  // MARK: With the pod

  private func member(_ pod: Pod, _ finding: HookFinding, _ remarks: inout RemarkLog) -> Member? {
    let wanted = (finding.pre + finding.post).lazy.compactMap(\.container).first
    guard let hooked = pod.container(wanted) else {
      remarks.add(
        .notCarried, finding.origin,
        wanted.map { "\(pod.origin.object) has no container '\($0.shownBriefly)'" }
          ?? "\(pod.origin.object) has no containers")
      return nil
    }
    let container = chosen(pod, hooked, finding)
    let (selector, isAmbiguous) = selector(of: pod, container)
    return Member(
      selector: selector, volumes: volumes(of: pod, container, finding, &remarks),
      image: container.image, container: container.name, names: names(of: pod, selector, container),
      isAmbiguous: isAmbiguous)
  }

  /// The hook's own container if it keeps something; a side container that only freezes steps back for the one it
  /// freezes.
  private func chosen(_ pod: Pod, _ hooked: Pod.Container, _ finding: HookFinding)
    -> Pod.Container
  {
    let commands = finding.pre + finding.post
    let idioms = commands.map { FreezeIdiom(ShellWords($0.arguments)) }
    let claimed = pod.claimedMounts(of: hooked)
    let onlyFreezes = !commands.isEmpty && idioms.allSatisfy { $0 != nil }
    if onlyFreezes {
      let volumes = Set(claimed.map(\.volume))
      let other = pod.containers.first { container in
        container != hooked
          && pod.claimedMounts(of: container).contains { volumes.contains($0.volume) }
      }
      let isFirst = pod.containers.first == hooked
      if let other, !isFirst { return other }
    }
    guard claimed.isEmpty else { return hooked }
    return pod.containers.first { !pod.claimedMounts(of: $0).isEmpty } ?? hooked
  }

  private func volumes(
    of pod: Pod, _ container: Pod.Container, _ finding: HookFinding, _ remarks: inout RemarkLog
  ) -> VolumeSelection {
    let mounts = pod.claimedMounts(of: container)
    let elsewhere = pod.claims.keys.filter { volume in
      !mounts.contains { $0.volume == volume }
        && pod.containers.contains { $0.mounts.contains { $0.volume == volume } }
    }
    for volume in elsewhere.sorted() {
      remarks.add(
        .notCarried, pod.origin.at("spec.volumes"),
        "volume '\(volume.shownBriefly)' is mounted in another container than "
          + "'\(container.name.shownBriefly)': add a service for that one")
    }
    let kept = mounts.filter { mount in
      inventory.claim(pod, mount.volume).map {
        !VeleroAnnotations.isExcluded($0.manifest.labels)
      } ?? true
    }
    guard !kept.isEmpty else { return VolumeSelection.none }
    guard kept.count < mounts.count else { return .all }
    return Self.selection(kept.map(\.path))
  }

  /// The labels that mean this pod alone, if there are any.
  private func selector(of pod: Pod, _ container: Pod.Container) -> (PlacementSelector, Bool) {
    let lasting = pod.labels.filter {
      !Labels.passing.contains($0.key) && $0.key != Labels.statefulPod
    }
    let telling = lasting.filter { Labels.telling.contains($0.key) }
    var labels = telling.isEmpty ? lasting : telling
    var isAmbiguous = others(than: pod, labels) > 0
    if isAmbiguous, let name = pod.labels[Labels.statefulPod] {
      labels[Labels.statefulPod] = name
      isAmbiguous = others(than: pod, labels) > 0
    }
    if isAmbiguous, others(than: pod, lasting) < others(than: pod, labels) {
      labels = lasting
      isAmbiguous = others(than: pod, labels) > 0
    }
    let selector = PlacementSelector(
      labels: labels, namespace: pod.namespace,
      container: pod.containers.count > 1 || labels.isEmpty ? container.name : nil)
    return (selector, isAmbiguous || pod.replicas > 1)
  }

  private func others(than pod: Pod, _ labels: [String: String]) -> Int {
    inventory.pods.count { other in
      !other.hasEnded && other.namespace == pod.namespace
        && (other.name != pod.name || other.origin != pod.origin)
        && labels.allSatisfy { other.labels[$0.key] == $0.value }
    }
  }

  private func names(of pod: Pod, _ selector: PlacementSelector, _ container: Pod.Container)
    -> [String]
  {
    let labelled = Labels.telling.compactMap { pod.labels[$0] }.first
    let base =
      selector.labels[Labels.statefulPod] != nil
      ? pod.name : pod.workload ?? labelled ?? pod.name
    return [base] + (pod.namespace.map { ["\($0)-\(base)"] } ?? [])
      + ["\(base)-\(container.name)", pod.name]
  }
}
