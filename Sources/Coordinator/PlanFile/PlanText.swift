internal import Model

/// Writes a plan as YAML that `PlanFile.parse` reads back unchanged.
enum PlanText {
  static func text(of plan: BackupPlan, comments: PlanComments = PlanComments()) -> String {
    var lines = comments.heading.map { String(PlanComments.line($0).dropFirst(2)) }
    lines += [
      "apiVersion: \(PlanFile.apiVersion)",
      "kind: \(PlanFile.kind)",
      "metadata:",
      "  name: \(scalar(plan.name.text))",
      "spec:",
      "  environment: \(plan.environment.rawValue)" + PlanComments.line(comments.environment),
      "  requires: \(plan.requires.rawValue)" + PlanComments.line(comments.requires),
      "  policy: \(plan.policy.rawValue)",
      "  freeze: "
        + mapping([
          ("budget", plan.freeze.budget.duration.planText),
          ("cap", plan.freeze.cap.duration.planText), ("drain", "\(plan.freeze.drain)"),
        ]),
      "  services:",
    ]
    for service in plan.services { lines += self.lines(of: service, comments) }
    if let manifests = plan.manifests { lines.append("  manifests: \(self.manifests(manifests))") }
    if let snapshots = plan.snapshots { lines.append("  snapshots: \(self.snapshots(snapshots))") }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func snapshots(_ rules: SnapshotRules) -> String {
    func classes(_ named: [String: String]) -> String {
      mapping(named.sorted { $0.key < $1.key }.map { (scalar($0.key), scalar($0.value)) })
    }
    return mapping([
      ("classes", classes(rules.classes)), ("groupClasses", classes(rules.groupClasses)),
      ("acrossServices", "\(rules.acrossServices)"),
    ])
  }

  private static func lines(of service: PlannedService, _ comments: PlanComments) -> [String] {
    var lines = (comments.services[service.name] ?? []).map { "  " + PlanComments.line($0) }
    lines += [
      "    - name: \(scalar(service.name.text))",
      "      selector: \(selector(service.selector))",
    ]
    if !service.dependsOn.isEmpty {
      lines.append("      dependsOn: \(list(service.dependsOn.map { scalar($0.text) }))")
    }
    if !service.holds.isEmpty {
      lines.append("      hold:")
      let remarks = comments.holds[service.name] ?? []
      lines += service.holds.enumerated().map { index, hold in
        "        - \(self.hold(hold))"
          + PlanComments.line(index < remarks.count ? remarks[index] : nil)
      }
    }
    let volumes =
      switch service.volumes {
      case .all: "all"
      case .none: "none"
      case .paths(let paths): list(paths.map(scalar))
      }
    lines.append("      volumes: \(volumes)")
    if let hooks = service.afterRestore, !hooks.isEmpty {
      lines.append("      afterRestore:")
      let remarks = comments.hooks[service.name] ?? []
      lines += hooks.enumerated().map { index, hook in
        "        - \(self.hook(hook))"
          + PlanComments.line(index < remarks.count ? remarks[index] : nil)
      }
    }
    return lines
  }

  private static func hook(_ hook: RestoreHook) -> String {
    let container = hook.container.map { [("container", scalar($0))] } ?? []
    return mapping(
      container + [
        ("command", list(hook.command.map(quoted))), ("timeout", hook.timeout.duration.planText),
        ("onFailure", hook.onFailure.rawValue),
      ])
  }

  private static func manifests(_ rules: ManifestRules) -> String {
    mapping([
      ("capture", rules.capture.rawValue),
      ("include", list(rules.include.map { scalar($0.text) })),
      ("exclude", list(rules.exclude.map { scalar($0.text) })),
      ("secrets", rules.secrets.rawValue),
    ])
  }

  private static func selector(_ selector: PlacementSelector) -> String {
    let reserved = ["namespace", "container", "node", "owner", "namespaceLabels", "labels"]
    let labels = self.labels(selector.labels)
    let nested = selector.labels.keys.contains(where: reserved.contains)
    var pairs = nested ? [("labels", mapping(labels))] : labels
    if let namespace = selector.namespace { pairs.append(("namespace", scalar(namespace))) }
    if let container = selector.container { pairs.append(("container", scalar(container))) }
    if let node = selector.node { pairs.append(("node", scalar(node.text))) }
    if let owner = selector.owner { pairs.append(("owner", scalar(owner))) }
    if let labels = selector.namespaceLabels {
      pairs.append(("namespaceLabels", mapping(self.labels(labels))))
    }
    return mapping(pairs)
  }

  private static func labels(_ labels: [String: String]) -> [(String, String)] {
    labels.sorted { $0.key < $1.key }.map { (scalar($0.key), quoted($0.value)) }
  }

  private static func hold(_ hold: HoldSpec) -> String {
    let pairs: [(String, String?)] =
      switch hold {
      case .postgresql(let hold):
        [
          ("user", scalar(hold.user)), ("database", scalar(hold.database)),
          ("socketDirectory", hold.socketDirectory.map(scalar)), ("port", "\(hold.port)"),
        ]
      case .mariadb(let hold):
        [
          ("user", scalar(hold.user)), ("socket", hold.socket.map(scalar)),
          ("defaultsFile", hold.defaultsFile.map(scalar)),
        ]
      case .redis(let hold):
        [
          ("port", "\(hold.port)"), ("socket", hold.socket.map(scalar)),
          ("user", hold.user.map(scalar)), ("passwordFile", hold.passwordFile.map(scalar)),
        ]
      case .filesystem, .pause: []
      case .command(let hold):
        [
          ("container", hold.container.map(scalar)), ("pre", list(hold.pre.map(quoted))),
          ("post", list(hold.post.map(quoted))), ("timeout", hold.timeout.duration.planText),
          ("fences", "\(hold.fences)"),
        ]
      }
    let given = pairs.compactMap { key, value in value.map { (key, $0) } }
    return mapping([(hold.quiescer, mapping(given))])
  }

  private static func mapping(_ pairs: [(String, String)]) -> String {
    "{" + pairs.map { "\($0.0): \($0.1)" }.joined(separator: ", ") + "}"
  }

  private static func list(_ values: [String]) -> String {
    "[" + values.joined(separator: ", ") + "]"
  }

  /// Plain where YAML certainly reads the text back as that text, quoted otherwise.
  private static func scalar(_ text: String) -> String {
    // YAML 1.1 reads these as booleans or nothing.
    let words: Set = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"]
    func isLetter(_ byte: UInt8) -> Bool {
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
    let isPlain =
      text.utf8.first.map { isLetter($0) || $0 == UInt8(ascii: "/") } ?? false
      && text.utf8.allSatisfy {
        isLetter($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
          || "/_.-".utf8.contains($0)
      } && !words.contains(text.lowercased())
    return isPlain ? text : quoted(text)
  }

  /// A double-quoted scalar; everything outside printable ASCII and letters is escaped where YAML would fold or refuse it.
  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      // Within a text they mean nothing, but `AliasScan` does not know what is within a text.
      case "*" where AliasScan.startsToken(after: result.utf8.last ?? 0): result += "\\x2a"
      case "&" where AliasScan.startsToken(after: result.utf8.last ?? 0): result += "\\x26"
      case " "..."~": result.unicodeScalars.append(scalar)
      default:
        let digits = String(scalar.value, radix: 16)
        result += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
      }
    }
    return result + "\""
  }
}
