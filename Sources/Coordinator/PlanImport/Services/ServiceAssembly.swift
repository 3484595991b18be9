internal import Model
internal import PlanFile

/// Makes the services of a plan from everything that was found.
struct ServiceAssembly {
  /// More than a plan takes.
  static let mostServices = 512

  private(set) var services: [PlannedService] = []
  private(set) var comments = PlanComments()
  /// Whether every service's holds give what the highest grade asks for.
  private(set) var isFullyHeld = true

  private let inventory: Inventory
  private var names: Set<String> = []

  /// What one service is made of.
  private struct Group {
    var member: Member
    var findings: [HookFinding]
    var origins: [String]
    var targets: Set<HookFinding.Target>
  }

  init(_ state: inout ImportState, longest: Duration) {
    inventory = state.inventory
    let groups = Self.groups(&state)
    for group in groups.prefix(Self.mostServices) { add(group, longest, &state.remarks) }
    for group in groups.dropFirst(Self.mostServices) {
      state.remarks.add(
        .notCarried, group.findings[0].origin,
        "a plan has at most \(Self.mostServices) services: import one namespace at a time")
    }
  }

  /// Findings for the same container, in the order in which they were made.
  private static func groups(_ state: inout ImportState) -> [Group] {
    let choice = MemberChoice(inventory: state.inventory)
    var groups: [Group] = []
    var byTarget: [HookFinding.Target: [HookFinding]] = [:]
    var order: [HookFinding.Target] = []
    for finding in state.findings {
      if byTarget[finding.target] == nil { order.append(finding.target) }
      byTarget[finding.target, default: []].append(finding)
    }
    for target in order {
      let findings = merged(byTarget[target] ?? [])
      guard let first = findings.first else { continue }
      var whole = first
      whole.pre = findings.flatMap(\.pre)
      whole.post = findings.flatMap(\.post)
      whole.restores = findings.flatMap(\.restores)
      whole.freezes = findings.contains { $0.freezes }
      if case .pod(let index) = target {
        let first = state.inventory.pods[index].containers.first?.name
        for command in whole.pre.indices where whole.pre[command].container == nil {
          whole.pre[command].container = first
        }
        for command in whole.post.indices where whole.post[command].container == nil {
          whole.post[command].container = first
        }
        for index in whole.restores.indices where whole.restores[index].command.container == nil {
          whole.restores[index].command.container = first
        }
      }
      guard let member = choice.member(of: whole, &state.remarks) else { continue }
      let origins = origins(findings, whole, state.inventory)
      if let index = groups.firstIndex(where: { $0.member.selector == member.selector }) {
        groups[index].targets.insert(target)
        continue
      }
      groups.append(
        Group(member: member, findings: [whole], origins: origins, targets: [target]))
    }
    return groups
  }

  /// Without what is said twice: a hundred old Backup objects have the hooks of one.
  private static func merged(_ findings: [HookFinding]) -> [HookFinding] {
    struct Said: Hashable {
      var pre: [[String]]
      var post: [[String]]
      var restores: [[String]]
      var container: String?
      var freezes: Bool
    }
    var said: Set<Said> = []
    return findings.filter { finding in
      said.insert(
        Said(
          pre: finding.pre.map(\.arguments), post: finding.post.map(\.arguments),
          restores: finding.restores.map(\.command.arguments),
          container: (finding.pre + finding.post).first?.container, freezes: finding.freezes)
      ).inserted
    }
  }

  private static func origins(
    _ findings: [HookFinding], _ whole: HookFinding, _ inventory: Inventory
  ) -> [String] {
    var origins: [String] = []
    if case .pod(let index) = whole.target { origins = [inventory.pods[index].origin.object] }
    for finding in findings where !origins.contains(finding.origin.text) {
      origins.append(finding.origin.text)
    }
    return Array(origins.prefix(4))
  }

  private mutating func add(_ group: Group, _ longest: Duration, _ remarks: inout RemarkLog) {
    let member = group.member
    let finding = group.findings[0]
    if member.isAmbiguous || group.targets.count > 1 {
      remarks.add(
        .notCarried, finding.origin,
        "more pods than one have these labels, and a service is one container: give each a label of its own, or run one "
          + "replica; until then 'stillpoint plan check' refuses the service")
    }
    let choice = HoldChoice(
      pre: finding.pre, post: finding.post, freezes: finding.freezes,
      in: HoldChoice.Surroundings(
        memberContainer: member.container ?? member.selector.container, image: member.image,
        hasNoVolumes: member.volumes == VolumeSelection.none, longest: longest), &remarks)
    reportUncovered(choice, member, finding, &remarks)
    guard let name = name(of: member) else {
      return remarks.add(.notCarried, finding.origin, "no name could be made for its service")
    }
    let hooks = RestoreHookChoice(
      finding.restores, member: member.container ?? member.selector.container, &remarks)
    let holds = choice.holds.map(\.hold)
    guard !holds.isEmpty || member.volumes != VolumeSelection.none else {
      return remarks.add(
        .notCarried, finding.origin, "nothing is left to hold, and it keeps nothing on a claim")
    }
    services.append(
      PlannedService(
        name: name, selector: member.selector, dependsOn: [], holds: holds, volumes: member.volumes,
        afterRestore: hooks.hooks.isEmpty ? nil : hooks.hooks))
    comments.services[name] = ["from " + group.origins.joined(separator: "; ")]
    comments.holds[name] = choice.holds.map(\.comment)
    comments.hooks[name] = hooks.comments
    isFullyHeld = isFullyHeld && Self.fences(holds, member.volumes)
  }

  /// What was frozen on something that is no claim cannot be snapshotted.
  private func reportUncovered(
    _ choice: HoldChoice, _ member: Member, _ finding: HookFinding, _ remarks: inout RemarkLog
  ) {
    guard member.volumes == VolumeSelection.none, !choice.frozen.isEmpty else { return }
    remarks.add(
      .notCarried, finding.origin,
      "what was frozen at \(choice.frozen.joined(separator: ", ").shownBriefly) is on no claim: there is nothing to snapshot"
    )
  }

  /// Whether these holds stop writes with everything acknowledged being durable.
  private static func fences(_ holds: [HoldSpec], _ volumes: VolumeSelection) -> Bool {
    if volumes == VolumeSelection.none { return true }
    let kinds = Set(holds.map(\.quiescer))
    return !kinds.contains("command")
      && !kinds.isDisjoint(with: ["postgresql", "mariadb", "redis"])
  }

  private mutating func name(of member: Member) -> ServiceName? {
    let candidates = (member.names + ["service"]).compactMap(dnsName)
    for candidate in candidates where !names.contains(candidate) {
      return take(candidate)
    }
    guard let base = candidates.first else { return nil }
    for number in 2...(Self.mostServices + 1) {
      let candidate = String(base.prefix(58)) + "-\(number)"
      if !names.contains(candidate) { return take(candidate) }
    }
    return nil
  }

  private mutating func take(_ name: String) -> ServiceName? {
    names.insert(name)
    do {
      return try ServiceName(name)
    } catch {
      // `dnsName` makes valid names alone; should it not, the caller reports the service as left out.
      return nil
    }
  }
}

/// A name by the rules of services and plans that resembles `text`; nil when nothing of it is left.
func dnsName(_ text: String) -> String? {
  let mapped = text.lowercased().unicodeScalars.map { scalar -> Character in
    switch scalar {
    case "a"..."z", "0"..."9", ".", "-": Character(scalar)
    default: "-"
    }
  }
  func isEdge(_ character: Character) -> Bool { character == "-" || character == "." }
  let trimmed = String(mapped.drop(while: isEdge).prefix(63))
  let name = String(trimmed.reversed().drop(while: isEdge).reversed())
  return name.isEmpty ? nil : name
}
