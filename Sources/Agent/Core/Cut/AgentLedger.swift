package import CutProtocol
internal import Foundation
package import LinuxSystem
package import Model

/// What an agent must not forget across a crash: its incarnation, the fences it has accepted, and every attempt whose
/// snapshots are neither settled nor deleted.
///
/// One small file, replaced atomically; every change is on disk when the call returns. A member's part is written only
/// before its hold and after its thaw, never in between, so that no frozen filesystem can block it. Changes of several
/// members that come while the file is being written go into the next writing together.
package actor AgentLedger {
  /// One attempt of one member.
  package struct Entry: Hashable, Codable, Sendable {
    package var fence: Fence
    package var hold: HoldID
    package var member: MemberPlan
    package var backup: BackupID
    /// Nil until the hold has ended well.
    package var certificate: HoldCertificate?
    /// The longest that a hold of this attempt could last; nil in what an earlier version wrote.
    package var cap: Elapsed?

    package init(
      fence: Fence, hold: HoldID, member: MemberPlan, backup: BackupID,
      certificate: HoldCertificate?, cap: Duration? = nil
    ) {
      self.cap = cap.map { Elapsed($0) }
      self.fence = fence
      self.hold = hold
      self.member = member
      self.backup = backup
      self.certificate = certificate
    }
  }

  /// More attempts than this are never left open: further prepares are refused until some are settled.
  package static let mostEntries = 4096
  static let mostBytes = 256 << 20

  package let boot: String
  package let incarnation: UInt64
  private let file: any StateFile
  /// What is on the disk.
  private var content: Content
  /// Whether the disk may say something else: the last writing failed, perhaps after the file was replaced.
  private var isUnsure = false
  private var counter: UInt64 = 0
  private var waiting: [Waiting] = []
  private var isWriting = false

  /// Reads the ledger, begins a new incarnation durably. A damaged file is refused and left as it is.
  ///
  /// So is a copy on another machine: what its original has left open is not for the copy to delete, and two agents would
  /// speak for one node.
  package init(file: any StateFile, boot: String, machine: MachineID? = nil) throws {
    var content = Content()
    if let bytes = try Self.read(file) {
      guard let read = Content(Data(bytes)) else {
        throw Refusal(
          .failed,
          "the agent's ledger \(file.path) is damaged or of a newer version, and was left as it is",
          hint:
            "nothing is frozen before it can be read; move it aside only after deleting by hand what it names: "
            + "the coordinator then finds out by its higher epoch"
        )
      }
      content = read
    }
    if let machine, let original = content.machine, machine.differs(from: original) {
      throw Refusal(
        .failed,
        "the agent's ledger \(file.path) is that of another machine: \(original.value), not \(machine.value)",
        hint:
          "on a copy of a node remove the agent's state directory and enrol it as a node of its own; "
          + "where the node's machine was replaced, remove \"machine\" from the file"
      )
    }
    content.machine = machine ?? content.machine
    content.incarnation += 1
    try file.replace(with: content.encoded())
    self.file = file
    self.content = content
    self.boot = boot
    self.incarnation = content.incarnation
  }

  private static func read(_ file: any StateFile) throws(Refusal) -> [UInt8]? {
    do {
      return try file.read(limit: mostBytes)
    } catch {
      throw Refusal(.failed, "the agent's ledger \(file.path) cannot be read: \(error)")
    }
  }

  package var highestFence: Fence { content.highest }

  /// Attempts that an earlier incarnation left open.
  package var entries: [Entry] { content.entries }

  /// Accepts a fence for a member and opens its attempt under a new hold ID, durably.
  ///
  /// Refuses fences of an older epoch than any accepted on this node, and those that are not higher than the member's own
  /// highest. Within one epoch members are ordered apart, so that two cuts of different members cannot overtake each other.
  package func accept(
    _ fence: Fence, member: MemberPlan, backup: BackupID, cap: Duration? = nil
  ) async throws(Refusal) -> HoldID {
    counter += 1
    // One that is refused stays unused.
    let hold = HoldID(boot: boot, incarnation: incarnation, counter: counter)
    try await decide(
      .accept(
        Entry(
          fence: fence, hold: hold, member: member, backup: backup, certificate: nil, cap: cap)))
    return hold
  }

  /// Remembers durably that a coordinator of this epoch has spoken; refuses one that is older than another which has.
  ///
  /// Written only when a newer one speaks for the first time.
  package func obey(_ epoch: UInt64) async throws(Refusal) {
    guard epoch != content.highest.epoch else { return }
    try await decide(.obey(epoch))
  }

  /// Keeps the certificate of an open attempt.
  package func keep(_ certificate: HoldCertificate, fence: Fence, member: ServiceName)
    async throws(Refusal)
  {
    try await decide(.certify(fence, member, certificate))
  }

  /// Gives up the certificate of an attempt whose snapshots are about to be deleted. After a restart the agent would
  /// otherwise stand by a certificate for snapshots that are gone.
  package func withdraw(_ fence: Fence, member: ServiceName) async throws(Refusal) {
    try await decide(.certify(fence, member, nil))
  }

  /// Makes sure that the disk says what is known here; an attempt that was refused may be open in a file whose writing
  /// failed, and would be taken up at the next start.
  package func makeSure() async throws(Refusal) {
    if isUnsure { try await decide(.obey(content.highest.epoch)) }
  }

  /// Closes an attempt: it is settled, or nothing is left of it.
  package func close(_ fence: Fence, member: ServiceName) async throws(Refusal) {
    try await decide(.close(fence, member))
  }

  // MARK: Writing

  /// How many changes wait for the writing that is under way.
  package var waitingCount: Int { waiting.count }

  /// A change that waits for its place in a writing.
  private struct Waiting {
    var change: Change
    var continuation: CheckedContinuation<Turn, Never>
  }

  private enum Turn: Sendable {
    case decided(Result<Void, Refusal>)
    /// The change comes first of those that wait, and its caller writes for all of them.
    case lead
  }

  /// Returns once the change is on the disk, or is found to change nothing.
  private func decide(_ change: Change) async throws(Refusal) {
    if isWriting {
      let turn = await withCheckedContinuation { continuation in
        waiting.append(Waiting(change: change, continuation: continuation))
      }
      if case .decided(let result) = turn { return try result.get() }
    }
    isWriting = true
    let followers = waiting
    waiting = []
    let results = await write([change] + followers.map(\.change))
    for (follower, result) in zip(followers, results.dropFirst()) {
      follower.continuation.resume(returning: .decided(result))
    }
    if waiting.isEmpty {
      isWriting = false
    } else {
      waiting.removeFirst().continuation.resume(returning: .lead)
    }
    try results[0].get()
  }

  /// Makes those of the changes that are allowed, all of them by one writing.
  private func write(_ changes: [Change]) async -> [Result<Void, Refusal>] {
    var next = content
    var isChanged = false
    var results: [Result<Void, Refusal>] = []
    for change in changes {
      do throws(Refusal) {
        if try next.apply(change) { isChanged = true }
        results.append(.success(()))
      } catch {
        results.append(.failure(error))
      }
    }
    guard isChanged || isUnsure else { return results }
    do {
      try await file.replaceBeside(with: next.encoded())
      isUnsure = false
    } catch {
      isUnsure = true
      let refusal = Refusal(.busy, "the agent's ledger \(file.path) cannot be written: \(error)")
      return results.map { $0.flatMap { .failure(refusal) } }
    }
    content = next
    return results
  }
}
