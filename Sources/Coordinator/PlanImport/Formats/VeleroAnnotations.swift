internal import Foundation

/// Velero's hooks in the annotations of pods.
enum VeleroAnnotations {
  static let standardTimeout = Duration.seconds(30)
  private static let suffix = "hook.backup.velero.io/"

  enum Phase: String {
    case pre, post
  }

  static func read(_ state: inout ImportState) {
    for (index, pod) in state.inventory.pods.enumerated() { read(pod, index, &state) }
  }

  /// Whether the pod's own annotations speak for this phase, so that a backup's hooks do not.
  static func speaks(_ pod: Pod, for phase: Phase) -> Bool { prefix(pod, phase) != nil }

  static func isExcluded(_ labels: [String: String]) -> Bool {
    labels["velero.io/exclude-from-backup"] == "true"
  }

  /// The prefix whose command counts; the one without a phase is older and means `pre`.
  private static func prefix(_ pod: Pod, _ phase: Phase) -> String? {
    let prefixes = ["\(phase.rawValue).\(suffix)"] + (phase == .pre ? [suffix] : [])
    return prefixes.first { !(pod.annotations[$0 + "command"].scalarText ?? "").isEmpty }
  }

  private static func read(_ pod: Pod, _ index: Int, _ state: inout ImportState) {
    reportOthers(pod, &state)
    let phases = [Phase.pre, .post].filter { speaks(pod, for: $0) }
    let restores = VeleroRestoreHooks.commands(of: pod, &state)
    guard !phases.isEmpty || !restores.isEmpty else { return }
    if isExcluded(pod.labels) {
      return state.remarks.add(
        .carried, pod.origin.at("velero.io/exclude-from-backup"), "left out, as it asks for")
    }
    guard !pod.hasEnded else {
      return state.remarks.add(
        .notCarried, pod.origin, "the pod has ended: there is nothing to hold")
    }
    var finding = HookFinding(
      target: .pod(index), restores: restores, origin: pod.origin, freezes: phases.isEmpty)
    for phase in phases {
      guard let prefix = prefix(pod, phase),
        let command = command(pod, prefix, phase, &state)
      else { continue }
      if phase == .pre { finding.pre = [command] } else { finding.post = [command] }
    }
    if !finding.pre.isEmpty || !finding.post.isEmpty || !restores.isEmpty {
      state.findings.append(finding)
    }
  }

  private static func command(
    _ pod: Pod, _ prefix: String, _ phase: Phase, _ state: inout ImportState
  ) -> HookCommand? {
    let field = pod.annotations[prefix + "command"]
    guard let text = field.text(&state.log) else { return nil }
    let origin = pod.origin.at(prefix + "command", line: field.line)
    let container = pod.annotations[prefix + "container"].text(&state.log)
    if pod.annotations[prefix + "on-error"].text(&state.log) == "Continue" {
      state.remarks.add(
        .notCarried, pod.origin.at(prefix + "on-error"),
        "Continue: here no backup goes on without its hold; policy: best-effort leaves a failing service out"
      )
    }
    let arguments = self.arguments(text, origin, &state)
    return HookCommand(
      arguments: arguments, container: container.flatMap { $0.isEmpty ? nil : $0 },
      timeout: timeout(pod, prefix + "timeout", &state), origin: origin)
  }

  /// A text that begins with a bracket is a JSON array, or, when it is none, one word like any other.
  static func arguments(_ text: String, _ origin: Origin, _ state: inout ImportState)
    -> [String]
  {
    if text.hasPrefix("[") {
      if let array = JSONTexts.read(text) { return array }
      state.remarks.add(
        .changed, origin,
        "it begins like a JSON array of texts and is none: as there, it is one word, the name of a program"
      )
      return [text]
    }
    if text.contains(" ") {
      state.remarks.add(
        .changed, origin,
        "it has spaces and is no JSON array: as there, it is one word, the name of a program; "
          + "write [\"program\", \"argument\"]")
    }
    return [text]
  }

  /// The time that the annotation of this name gives.
  static func timeout(_ pod: Pod, _ name: String, _ state: inout ImportState)
    -> HookCommand.Timeout
  {
    let field = pod.annotations[name]
    guard let text = field.text(&state.log), !text.isEmpty else {
      return .standard(standardTimeout)
    }
    guard let duration = Duration(goText: text) else {
      state.remarks.add(
        .changed, pod.origin.at(name, line: field.line),
        "'\(text.shownBriefly)' is no duration: Velero takes 30s for it without a word"
          + (Int(text) == nil ? "" : "; write \(text.shownBriefly)s if seconds are meant"))
      return .standard(standardTimeout)
    }
    return duration > .zero ? .given(duration) : .standard(standardTimeout)
  }

  private static func reportOthers(_ pod: Pod, _ state: inout ImportState) {
    for (key, value) in pod.annotations.entries {
      let origin = pod.origin.at(key, line: value.line)
      if key == "backup.velero.io/backup-volumes" {
        state.remarks.add(
          .changed, origin, "the volumes' files were copied; here all volumes are snapshotted")
      } else if key == "backup.velero.io/backup-volumes-excludes" {
        state.remarks.add(
          .changed, origin,
          "these volumes' files were not copied; here all volumes on claims are snapshotted: name 'volumes' to leave some out"
        )
      }
    }
  }
}

/// A JSON array of texts within a text.
enum JSONTexts {
  static func read(_ text: String) -> [String]? {
    guard text.utf8.count <= 1 << 20 else { return nil }
    do {
      return try JSONDecoder().decode([String].self, from: Data(text.utf8))
    } catch {
      // What is none is no error: it stands for itself.
      return nil
    }
  }
}
