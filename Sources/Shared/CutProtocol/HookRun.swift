package import Model

/// A restore's command that a node is to run in one container.
package struct HookRun: Hashable, Sendable {
  package var restore: RestoreID
  package var backup: BackupID
  package var service: ServiceName
  /// Counts the service's hooks from 1.
  package var number: Int
  /// The pod and its container have to be these; the node asks its runtime.
  package var namespace: String
  package var podUID: String
  package var container: ContainerID
  /// The program and its arguments.
  package var command: [String]
  package var timeout: Elapsed

  package init(
    restore: RestoreID, backup: BackupID, service: ServiceName, number: Int, namespace: String,
    podUID: String, container: ContainerID, command: [String], timeout: Duration
  ) {
    self.restore = restore
    self.backup = backup
    self.service = service
    self.number = number
    self.namespace = namespace
    self.podUID = podUID
    self.container = container
    self.command = command
    self.timeout = Elapsed(timeout)
  }

  /// What the command finds in its environment beside the container's own, by name.
  package var environment: [String: String] {
    [
      "STILLPOINT_RESTORE": restore.text, "STILLPOINT_BACKUP": backup.text,
      "STILLPOINT_SERVICE": service.text, "STILLPOINT_HOOK": "\(number)",
    ]
  }
}

/// How a restore's command ended.
package struct HookResult: Hashable, Sendable {
  package enum Ending: Hashable, Sendable {
    case exited(Int32)
    case signalled(Int32)
    /// It was killed with everything that it had started.
    case timedOut
  }

  package var ending: Ending
  /// The end of what it printed, errors included.
  package var output: String

  /// Bytes of `output` at most.
  package static let longestOutput = 4096

  package init(_ ending: Ending, output: String) {
    self.ending = ending
    self.output = Self.end(of: output)
  }

  package var isGood: Bool { ending == .exited(0) }

  /// What happened, for people, with the last words of the command: the text that follows `the command …`.
  package var sentence: String {
    let said = words
    let tail = said.isEmpty ? "" : ": \(said)"
    return switch ending {
    case .exited(let code): "exited with \(code)\(tail)"
    case .signalled(let number): "was ended by signal \(number)\(tail)"
    case .timedOut: "did not end in time and was killed\(tail)"
    }
  }

  /// On one line, without what a terminal would take for an order.
  private var words: String {
    let lines = output.split(whereSeparator: \.isNewline).map { line in
      String(
        String.UnicodeScalarView(
          line.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
    }
    let text = lines.joined(separator: "; ")
    return text.count > 500 ? "…" + text.suffix(500) : text
  }

  private static func end(of text: String) -> String {
    let clean =
      text.utf8.contains(0)
      ? String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value != 0 })) : text
    guard clean.utf8.count > longestOutput else { return clean }
    var bytes = clean.utf8.suffix(longestOutput)
    while let first = bytes.first, first & 0xC0 == 0x80 { bytes = bytes.dropFirst() }
    return String(decoding: bytes, as: UTF8.self)
  }
}
