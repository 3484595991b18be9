internal import Model

extension PlanReader {
  /// What a restore runs in a service's pod; an empty list says the same as none.
  mutating func hooks(_ place: Place) -> [RestoreHook]? {
    guard
      let elements = list(
        place, "a list of commands such as [{command: [\"/app/repair\"]}]", most: RestoreHook.most)
    else { return nil }
    let hooks = elements.compactMap { hook($0) }
    return hooks.count == elements.count ? hooks : nil
  }

  private mutating func hook(_ place: Place) -> RestoreHook? {
    guard let fields = fields(place, known: ["container", "command", "timeout", "onFailure"])
    else { return nil }
    let container = optional(fields["container"]) { $0.text($1, "a container's name") }
    let expected = "a command as a list of texts, such as [\"/app/repair\"]"
    let command = required(fields, "command", expected).flatMap { arguments($0, expected) }
    let timeout =
      fields["timeout"].map { duration($0, longest: RestoreHook.longestTimeout) }
      ?? RestoreHook.defaultTimeout
    let onFailure =
      fields["onFailure"].map { choice($0, of: RestoreHook.OnFailure.allCases) } ?? .fail
    guard let container, let command, let timeout, let onFailure else { return nil }
    return RestoreHook(
      container: container, command: command, timeout: timeout, onFailure: onFailure)
  }
}
