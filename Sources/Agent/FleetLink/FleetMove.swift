internal import Foundation
package import Identity
package import Logging
package import Model
internal import ServiceLifecycle

/// The move of a pod's node to another fleet, where Stillpoint was installed anew in its cluster: the node still has what it was
/// enrolled with before, and the coordinator that the cluster names now is of another authority.
///
/// Nothing of the earlier fleet is given up on the cluster's word alone: the node enrols with the new coordinator first, beside what it
/// has, and ends then. The next start puts the earlier fleet's files aside: fences, attempts and placements of one fleet mean
/// nothing in another.
package struct FleetMove: Service {
  /// The process has to start anew, as an agent of the new fleet.
  package struct Enrolled: Error, CustomStringConvertible {
    package var node: NodeID

    package var description: String {
      "\(node) was enrolled with the cluster's new coordinator, and starts anew as an agent of its fleet"
    }
  }

  private static let nextDirectory = "identity.next"
  private static let earlier = "before-"

  private let node: NodeID
  private let tokenFile: String
  private let pinFile: String
  private let current: HeldCredential
  private let enrolment: AgentEnrolment
  private let isHolding: @Sendable () async -> Bool
  private let interval: Duration
  private let clock: any Clock<Duration>
  private let logger: Logger

  /// - Parameter stateDirectory: where `identity.next` is kept until the next start.
  package init(
    node: NodeID, tokenFile: String, pinFile: String, stateDirectory: String,
    current: HeldCredential, link: FleetLinkConfiguration,
    isHolding: @escaping @Sendable () async -> Bool, interval: Duration = .seconds(10),
    clock: any Clock<Duration> = ContinuousClock(), logger: Logger
  ) throws(IdentityError) {
    self.node = node
    self.tokenFile = tokenFile
    self.pinFile = pinFile
    self.current = current
    self.enrolment = AgentEnrolment(
      configuration: link,
      store: try CredentialStore(path: "\(stateDirectory)/\(Self.nextDirectory)"), logger: logger)
    self.isHolding = isHolding
    self.interval = interval
    self.clock = clock
    self.logger = logger
  }

  /// Ends when it is cancelled or shut down; throws `Enrolled` once there is a new fleet to belong to.
  package func run() async throws {
    let isEnrolled = await cancelWhenGracefulShutdown { await untilEnrolled() }
    if isEnrolled { throw Enrolled(node: node) }
  }

  private func untilEnrolled() async -> Bool {
    var told: String?
    while (try? await clock.sleep(for: interval)) != nil {
      guard let pin = try? AuthorityPin(text: PodEnrolment.text(pinFile)),
        !current.current.trust.isPinned(by: pin), await !isHolding()
      else { continue }
      do {
        _ = try await enrolment.enrol(node, podToken: try PodEnrolment.text(tokenFile), pin: pin)
        return true
      } catch {
        // Every round again, and told once.
        if told != "\(error)" {
          logger.warning(
            "the cluster names another fleet's authority, and this node is not enrolled there yet",
            metadata: ["reason": "\(error)"])
        }
        told = "\(error)"
      }
    }
    return false
  }

  /// Makes this node one of the fleet that it has enrolled with, before any file of the state directory is opened. What is
  /// there of the earlier fleet goes into a directory `before-…` beside it. May be interrupted anywhere, and called again.
  package static func settle(_ stateDirectory: String, logger: Logger) throws {
    let files = FileManager.default
    let next = "\(stateDirectory)/\(nextDirectory)"
    guard files.fileExists(atPath: next),
      let credential = try CredentialStore(path: next).load()
    else { return }
    let name =
      earlier + credential.trust.fleet.text + "-" + UUID().uuidString.prefix(8).lowercased()
    let aside = "\(stateDirectory)/\(name)"
    try files.createDirectory(
      atPath: aside, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    for entry in try files.contentsOfDirectory(atPath: stateDirectory).sorted()
    where entry != nextDirectory && !entry.hasPrefix(earlier) {
      try files.moveItem(atPath: "\(stateDirectory)/\(entry)", toPath: "\(aside)/\(entry)")
    }
    try files.moveItem(atPath: next, toPath: "\(stateDirectory)/identity")
    logger.notice(
      "moved to another fleet",
      metadata: ["fleet": "\(credential.trust.fleet)", "files of the earlier one": "\(aside)"])
  }
}
