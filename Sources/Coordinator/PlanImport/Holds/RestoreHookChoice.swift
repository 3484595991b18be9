internal import Model

/// Takes over the commands that an application has for a restore.
struct RestoreHookChoice {
  private(set) var hooks: [RestoreHook] = []
  /// Where each came from.
  private(set) var comments: [String] = []

  /// `member` is the container that stands for the application, where it is known.
  init(_ commands: [RestoreCommand], member: String?, _ remarks: inout RemarkLog) {
    for item in commands {
      let command = item.command
      guard HoldChoice.fits(command.arguments) else {
        remarks.add(
          .notCarried, command.origin,
          "its command is empty, or longer than a plan takes (256 arguments of 65536 bytes, a program of 4096)"
        )
        continue
      }
      guard HoldChoice.isName(command.container) else {
        remarks.add(
          .notCarried, command.origin, "its container has a name that no cluster accepts")
        continue
      }
      guard hooks.count < RestoreHook.most else {
        remarks.add(
          .notCarried, command.origin,
          "a service has at most \(RestoreHook.most) commands after a restore")
        continue
      }
      if SecretWords.looksSecret(command.arguments) {
        remarks.add(
          .changed, command.origin,
          "the command seems to carry a password, which the plan now carries too: move it to a file in the container"
        )
      }
      hooks.append(
        RestoreHook(
          container: command.container.flatMap { $0 == member ? nil : $0 },
          command: command.arguments, timeout: Self.timeout(command, &remarks),
          onFailure: item.onFailure))
      comments.append("from \(command.origin.text)")
    }
  }

  private static func timeout(_ command: HookCommand, _ remarks: inout RemarkLog) -> Duration {
    let wanted: Duration =
      switch command.timeout {
      case .given(let timeout), .standard(let timeout): timeout
      case .none: RestoreHook.longestTimeout
      }
    let longest = RestoreHook.longestTimeout
    if wanted > longest {
      remarks.add(
        .changed, command.origin,
        "its timeout of \(wanted.planText) becomes \(longest.planText), the longest that a plan takes"
      )
    }
    return min(wanted, longest)
  }
}
