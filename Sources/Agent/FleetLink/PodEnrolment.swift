internal import Foundation
package import Identity
package import Logging
package import Model

/// The first certificate of an agent that runs in a pod: the cluster gives it a token, and the coordinator asks the cluster.
package struct PodEnrolment: Sendable {
  /// More than any token or pin is long.
  private static let mostBytes = 64 << 10

  private let node: NodeID
  private let tokenFile: String
  private let pinFile: String
  private let enrolment: AgentEnrolment
  private let clock: any Clock<Duration>
  private let longestWait: Duration
  private let logger: Logger

  package init(
    node: NodeID, tokenFile: String, pinFile: String, enrolment: AgentEnrolment,
    clock: any Clock<Duration> = ContinuousClock(), longestWait: Duration = .seconds(30),
    logger: Logger
  ) {
    self.node = node
    self.tokenFile = tokenFile
    self.pinFile = pinFile
    self.enrolment = enrolment
    self.clock = clock
    self.longestWait = longestWait
    self.logger = logger
  }

  /// Tries until it succeeds: the pin is there once the coordinator has run, and a refusal may end by what an operator does,
  /// who may also enrol the node by a token meanwhile. The files are read anew each time, since the cluster replaces
  /// them. Throws only when the task is cancelled.
  package func untilEnrolled() async throws -> Credential {
    var wait = min(Duration.seconds(1), longestWait)
    while true {
      let before = FileManager.default.contents(atPath: pinFile)
      do {
        if let stored = try enrolment.stored() { return stored }
        let pin = try AuthorityPin(text: try Self.text(pinFile))
        return try await enrolment.enrol(node, podToken: try Self.text(tokenFile), pin: pin)
      } catch {
        try Task.checkCancellation()
        logger.warning(
          "not enrolled yet",
          metadata: ["reason": "\(error)", "again in": "\(wait.shortText)"])
      }
      wait =
        try await pause(wait, whilePinIs: before)
        ? min(.seconds(1), longestWait) : min(wait * 2, longestWait)
    }
  }

  /// Waits, but no longer than until there is another pin, which may take the cluster a minute: true when there is.
  private func pause(_ wait: Duration, whilePinIs before: Data?) async throws -> Bool {
    var left = wait
    while FileManager.default.contents(atPath: pinFile) == before {
      guard left > .zero else { return false }
      let step = min(left, .seconds(1))
      try await clock.sleep(for: step)
      left -= step
    }
    return true
  }

  /// A small file that the cluster mounts into the pod, without the white space around it.
  static func text(_ path: String) throws -> String {
    guard let bytes = FileManager.default.contents(atPath: path) else {
      throw EnrolmentFailure(.local, "\(path) cannot be read")
    }
    guard bytes.count <= mostBytes, let text = String(data: bytes, encoding: .utf8) else {
      throw EnrolmentFailure(.local, "\(path) is too large or no text")
    }
    return text.trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
