package import CutProtocol
package import LinuxSystem
package import Model

/// Holds one kind of application still. One value per kind, used for all members of the node.
package protocol Quiescer: Sendable {
  /// Opens and warms sessions, does the expensive flush now, reads the settings that decide F1 to F3.
  ///
  /// Nothing is held when it returns or throws. The caller never retries within an attempt; a thrown
  /// refusal's code says whether another attempt may pass. Cancellation discards what was opened.
  func prepare(_ hold: HoldSpec, for target: HoldTarget) async throws(Refusal) -> any PreparedHold
}

/// What is to be held.
package struct HoldTarget: Hashable, Sendable {
  package var member: ServiceName
  package var process: ProcessIdentity
  package var volumes: [MemberVolume]
  /// Where the plan's `command.container` names another container of the pod: its processes by container name.
  package var siblings: [String: ProcessIdentity]
  /// The longest that the hold may last.
  package var cap: Duration
  /// A later hold of the member freezes the filesystems of all its volumes, which writes to the disk whatever an
  /// earlier hold would flush.
  package var isFrozenLater: Bool
  /// A later hold of the member stops its processes: nothing that this one asks of them is answered then.
  package var isPausedLater: Bool
  /// A later hold of the member asks its processes something.
  package var isAskedLater: Bool

  package init(
    member: ServiceName, process: ProcessIdentity, volumes: [MemberVolume],
    siblings: [String: ProcessIdentity], cap: Duration, isFrozenLater: Bool = false,
    isPausedLater: Bool = false, isAskedLater: Bool = false
  ) {
    self.isFrozenLater = isFrozenLater
    self.isPausedLater = isPausedLater
    self.isAskedLater = isAskedLater
    self.member = member
    self.process = process
    self.volumes = volumes
    self.siblings = siblings
    self.cap = cap
  }
}

extension HoldTarget {
  /// The same target, as the hold before these others has to see it.
  package func before(_ later: ArraySlice<HoldSpec>) -> HoldTarget {
    var target = self
    target.isFrozenLater = later.contains(.filesystem)
    target.isPausedLater = later.contains(.pause)
    target.isAskedLater = later.contains { $0 != .filesystem && $0 != .pause }
    return target
  }
}

/// A hold that prepare made ready. The caller uses it in this order: `hold`, `token` any number of times, `release`, `examine`
/// where the hold is to count, `discard`.
///
/// `release` may come at any time after `hold` was called, also while it still runs or after it failed: it
/// then ends whatever was reached. `discard` comes last in every case, exactly once.
package protocol PreparedHold: Sendable {
  var readiness: HoldReadiness { get }
  /// Returns once the hold is in force. May take longer than the lease, which is renewed meanwhile; whatever limit a
  /// quiescer sets of its own must be within the target's cap, and nothing that it takes may end by itself before the cap.
  func hold() async throws(Refusal)
  /// Every member of the cut is held: what others share with this one stands still as well from now on. Comes at most once, and
  /// only where a volume has a delegate, before its snapshot is asked for.
  func allHeld() throws(Refusal)
  /// A value that changes whenever the held durable state does.
  func token() async throws(Refusal) -> StateToken
  /// Ends the hold; never throws, never waits longer than a second for an application that does not answer.
  func release() async -> ReleaseFinding
  /// Waits for what a release has left under way. True once nothing of the hold is in force any more; false when it cannot be
  /// ended here, or the task was cancelled.
  func waitUntilOver() async -> Bool
  /// Looks, once every hold of the member is released, at what only shows then: a sentence when this one did not give what
  /// its readiness promised, or when that cannot be told. May take seconds.
  func examine() async -> String?
  /// Closes sessions and descriptors.
  func discard() async
}

extension PreparedHold {
  /// For holds that do not look at volumes.
  package func allHeld() throws(Refusal) {}

  /// For holds whose release leaves nothing under way.
  package func waitUntilOver() async -> Bool { false }

  /// For a hold whose tokens and release tell everything.
  package func examine() async -> String? { nil }
}

/// What is known about a hold before it is taken.
package struct HoldReadiness: Sendable {
  package var quiescer: String
  package var fidelity: Fidelity
  /// A setting or fact loses acknowledged writes, whatever another hold of the member promises.
  package var losesAcknowledged: Bool
  /// No file of the member's volumes changes in the hold, so that even a copy of them, file by file, is of one instant.
  package var keepsFiles: Bool
  /// No process of the application runs in the hold.
  package var stopsApplication: Bool
  /// The application has to run for the hold's token. In a hold that is later stopped it is sampled before and after the stop, while
  /// this hold, which is the longer one, is in force.
  package var tokenIsAsked: Bool
  /// How long `hold` is expected to take.
  package var predicted: Duration
  /// Remarks that do not forbid the cut.
  package var remarks: [String]
  /// What the guardian does, in order, to end this hold without the agent.
  package var rescue: [Rescue]
  /// What thaw-on-start does, in order, to end this hold when both agent and guardian are gone.
  package var record: [RescueRecord]

  package init(
    quiescer: String, fidelity: Fidelity, losesAcknowledged: Bool = false,
    keepsFiles: Bool = false, stopsApplication: Bool = false, tokenIsAsked: Bool = false,
    predicted: Duration, remarks: [String], rescue: [Rescue],
    record: [RescueRecord]
  ) {
    self.quiescer = quiescer
    self.fidelity = fidelity
    self.losesAcknowledged = losesAcknowledged
    self.keepsFiles = keepsFiles
    self.stopsApplication = stopsApplication
    self.tokenIsAsked = tokenIsAsked
    self.predicted = predicted
    self.remarks = remarks
    self.rescue = rescue
    self.record = record
  }
}

/// One action that ends a hold, on descriptors that the guardian gets its own copies of.
package enum Rescue: Sendable {
  /// FITHAW on the frozen mount's directory.
  case thaw(DescriptorHandle)
  /// Lets the processes of a control group go on; the descriptor is its `cgroup.freeze`, open to be read and written.
  case unpause(DescriptorHandle)
  /// SIGKILL through a pidfd to the process whose session holds the lock.
  case kill(DescriptorHandle)
  /// Writes bytes into a session's pipe, then closes it.
  case write(DescriptorHandle, bytes: [UInt8])
  /// Starts a program (an absolute path and its arguments) with this environment, and kills it with all its descendants
  /// after `timeout`.
  case run([String], environment: [String], timeout: Duration)
}

/// A rescue as it can be kept in a file, for the time after a crash of everything.
package enum RescueRecord: Hashable, Codable, Sendable {
  /// FITHAW on the filesystem that is mounted here, if it still is the device `major:minor`.
  case thaw(mountPoint: String, device: String)
  /// Lets the processes of this control group go on, if it still is the one with this inode.
  case unpause(controlGroup: String, inode: UInt64)
  case kill(pid: Int32, startTicks: UInt64)
  /// Starts a program (an absolute path and its arguments), with the environment of `inside` where that is given: a
  /// command that enters a container's namespaces runs only while that very process lives.
  case run([String], timeout: Elapsed, inside: ProcessIdentity?)
}

/// What a release found.
package struct ReleaseFinding: Hashable, Sendable {
  /// The hold was in force until this release ended it.
  package var endedThisHold: Bool
  /// What was found instead, as a sentence; nil when `endedThisHold`.
  package var finding: String?
  /// Something of the hold may still be in force, or come into force: the guardian watches it until it is over.
  package var mayHold: Bool

  package init(endedThisHold: Bool, finding: String? = nil, mayHold: Bool = false) {
    self.endedThisHold = endedThisHold
    self.finding = finding
    self.mayHold = mayHold
  }
}
