package import CutProtocol
package import GuardianWatch
package import LinuxSystem
package import Logging

/// The guardian as a process that this one starts, asks, and starts anew when it died.
package actor GuardianProcess: GuardianLink {
  package struct Limits: Sendable {
    /// How much later than the agent the guardian acts, so that an agent that works ends its holds itself.
    package var margin = Duration.milliseconds(250)
    /// How long an answer may take. A guardian that takes longer is killed: one that hangs guards nothing.
    package var answer = Duration.seconds(1)
    /// How long a new guardian may take to say that it is ready.
    package var start = Duration.seconds(5)

    package init() {}
  }

  private let executable: String
  private let controlGroups: ControlGroups?
  private let limits: Limits
  private let logger: Logger
  private let gone = GuardianGoneSignal()
  private var connection: GuardianConnection?

  /// `executable` is the path of `stillpoint-guardian`; nothing is started yet. With `controlGroups` it is moved out of
  /// the agent's own: a runtime that ends the agent's container then leaves it alone.
  package init(
    executable: String, controlGroups: ControlGroups? = nil, limits: Limits = Limits(),
    logger: Logger
  ) {
    self.executable = executable
    self.controlGroups = controlGroups
    self.limits = limits
    self.logger = logger
  }

  /// `stillpoint-guardian` in the directory of the running program.
  package static func besideThisProgram() throws(SystemError) -> String {
    let own = try LinuxKernel.programPath()
    let directory = own.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    return (directory + ["stillpoint-guardian"]).joined(separator: "/")
  }

  /// Starts the guardian unless it runs, and tells its condition.
  @discardableResult
  package func start() async throws(Refusal) -> GuardianCondition {
    let connection = try runningConnection()
    guard case .ready(let condition)? = await connection.ask(.hello, limit: limits.start) else {
      connection.kill()
      throw Refusal(
        .failed, "guardian \(executable) did not say that it is ready",
        hint: "agent and guardian must be of the same release")
    }
    return condition
  }

  /// Lets the guardian end itself; it first ends what is still held.
  package func stop() {
    connection?.close()
  }

  package func arm(
    _ hold: HoldID, rescue: [Rescue], lease: Duration, cap: Duration
  ) async throws(Refusal) {
    if connection?.isGone ?? true { try await start() }
    let connection = try runningConnection()
    let request = GuardianMessage.Content.arm(
      hold.guardianKey, actions: rescue.map(\.kind), lease: lease + limits.margin,
      cap: cap + limits.margin)
    switch await connection.ask(
      request, descriptors: rescue.compactMap(\.descriptor), limit: limits.answer)
    {
    case .armed: return
    case .refused(let reason):
      throw Refusal(.failed, "guardian did not arm hold \(hold): \(reason)")
    default:
      connection.kill()
      throw Refusal(.failed, "guardian did not arm hold \(hold): it does not answer")
    }
  }

  package func renew(_ hold: HoldID, lease: Duration) async throws(Refusal) {
    guard let connection, !connection.isGone else {
      throw Refusal(.failed, "lease of hold \(hold) could not be renewed: the guardian is gone")
    }
    let request = GuardianMessage.Content.renew(hold.guardianKey, lease: lease + limits.margin)
    switch await connection.ask(request, limit: limits.answer) {
    case .renewal(.renewed), .renewal(.notArmed): return
    case .renewal(.rescued):
      throw Refusal(.expired, "lease of hold \(hold) had passed on the guardian's clock")
    case .refused(let reason):
      throw Refusal(.failed, "lease of hold \(hold) could not be renewed: \(reason)")
    default:
      connection.kill()
      throw Refusal(
        .failed, "lease of hold \(hold) could not be renewed: the guardian does not answer")
    }
  }

  package func disarm(_ hold: HoldID) async -> GuardianFinding {
    guard let connection, !connection.isGone else { return .gone }
    switch await connection.ask(.disarm(hold.guardianKey), limit: limits.answer) {
    case .disarmed(.idle): return .idle
    case .disarmed(.rescuing): return .rescuing
    case .disarmed(.rescued): return .rescued
    case .disarmed(.unknown):
      // The guardian that held it died, and this is its successor.
      return .gone
    default:
      connection.kill()
      return .gone
    }
  }

  package func end(_ hold: HoldID) async -> GuardianFinding {
    guard let connection, !connection.isGone else { return .gone }
    // A lease of nothing has passed before the next message is read. What the guardian has begun it brings to its end, and
    // forgets it then.
    let request = GuardianMessage.Content.renew(hold.guardianKey, lease: .zero)
    switch await connection.ask(request, limit: limits.answer) {
    case .renewal(.renewed), .renewal(.rescued): return await disarm(hold)
    case .renewal(.notArmed), .refused: return .gone
    default:
      connection.kill()
      return .gone
    }
  }

  package func waitUntilGone() async { await gone.wait() }

  private func runningConnection() throws(Refusal) -> GuardianConnection {
    if let connection, !connection.isGone { return connection }
    let started: GuardianConnection
    do {
      started = try GuardianConnection(executable: executable) { [gone, logger] in
        logger.warning("guardian ended")
        gone.fire()
      }
    } catch {
      throw Refusal(
        .failed, "guardian could not be started: \(error)",
        hint: "stillpoint-guardian is expected beside the agent, or where the configuration says")
    }
    started.beginReading()
    try release(started)
    connection = started
    logger.info("guardian started", metadata: ["pid": "\(started.process.pid)"])
    return started
  }

  /// A guardian that would die with the agent guards nothing, so one that cannot be moved is not used.
  private func release(_ started: GuardianConnection) throws(Refusal) {
    guard let controlGroups else { return }
    do throws(SystemError) {
      try controlGroups.release(started.process.pid)
    } catch {
      started.kill()
      throw Refusal(
        .failed, "guardian could not leave the agent's control groups: \(error)",
        hint: "the machine's own /sys/fs/cgroup must be writable for the agent")
    }
  }
}

extension HoldID {
  /// At most 78 bytes, in the guardian's bound.
  fileprivate var guardianKey: HoldKey { HoldKey("\(boot)/\(incarnation)/\(counter)") }
}

extension Rescue {
  fileprivate var kind: RescueKind {
    switch self {
    case .thaw: .thaw
    case .unpause: .unpause
    case .kill: .kill
    case .write(_, let bytes): .write(bytes)
    case .run(let arguments, let environment, let timeout):
      .run(arguments: arguments, environment: environment, timeout: timeout)
    }
  }

  fileprivate var descriptor: DescriptorHandle? {
    switch self {
    case .thaw(let descriptor), .unpause(let descriptor), .kill(let descriptor),
      .write(let descriptor, _):
      descriptor
    case .run: nil
    }
  }
}
