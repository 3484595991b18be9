package import CutProtocol
internal import Foundation
package import Model

/// What an agent must not forget across a crash: its incarnation, the fences it has accepted, and every attempt whose
/// snapshots are neither settled nor deleted.
///
/// One small file, replaced atomically; every change is on disk when the call returns. It is written only before a
/// hold and after its thaw, never in between, so that no frozen filesystem can block it.
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

  /// What the file says.
  struct Content: Codable {
    var version = 1
    var incarnation: UInt64 = 0
    var highest = Fence.none
    /// The highest fence accepted for each member in the current epoch.
    var members: [String: Fence] = [:]
    var entries: [Entry] = []

    init() {}

    /// Nil for bytes that no agent of this version can have written.
    init?(_ bytes: Data) {
      guard bytes.count <= AgentLedger.mostBytes,
        let read = try? CanonicalJSON.decode(Content.self, from: bytes), read.version == 1,
        // It grows by one at every start, and must be able to.
        read.incarnation <= UInt64.max / 2
      else { return nil }
      self = read
    }
  }

  /// More attempts than this are never left open: further prepares are refused until some are settled.
  package static let mostEntries = 4096
  private static let mostBytes = 256 << 20

  package let boot: String
  package let incarnation: UInt64
  private let file: any StateFile
  private var content: Content
  private var counter: UInt64 = 0

  /// Reads the ledger, begins a new incarnation durably. A damaged file is refused and left as it is.
  package init(file: any StateFile, boot: String) throws {
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
    content.incarnation += 1
    try Self.write(content, to: file)
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
  ) throws(Refusal) -> HoldID {
    let known = content.members[member.name.text] ?? .none
    guard fence.epoch >= content.highest.epoch, fence > known else {
      throw Refusal(
        .staleFence,
        "fence \(fence) of \(member.name) is not higher than \(max(known, content.highest))",
        highestFence: content.highest)
    }
    guard content.entries.count < Self.mostEntries else {
      throw Refusal(
        .busy, "\(content.entries.count) earlier attempts of this node are not settled yet")
    }
    var next = content
    if fence.epoch > next.highest.epoch { next.members = [:] }
    next.highest = max(next.highest, fence)
    next.members[member.name.text] = fence
    counter += 1
    let hold = HoldID(boot: boot, incarnation: incarnation, counter: counter)
    next.entries.append(
      Entry(
        fence: fence, hold: hold, member: member, backup: backup, certificate: nil, cap: cap))
    try save(next)
    return hold
  }

  /// Keeps the certificate of an open attempt.
  package func keep(_ certificate: HoldCertificate, fence: Fence, member: ServiceName)
    throws(Refusal)
  {
    var next = content
    guard
      let index = next.entries.firstIndex(where: { $0.fence == fence && $0.member.name == member })
    else { return }
    next.entries[index].certificate = certificate
    try save(next)
  }

  /// Gives up the certificate of an attempt whose snapshots are about to be deleted. After a restart the agent would
  /// otherwise stand by a certificate for snapshots that are gone.
  package func withdraw(_ fence: Fence, member: ServiceName) throws(Refusal) {
    var next = content
    guard
      let index = next.entries.firstIndex(where: { $0.fence == fence && $0.member.name == member }),
      next.entries[index].certificate != nil
    else { return }
    next.entries[index].certificate = nil
    try save(next)
  }

  /// Closes an attempt: it is settled, or nothing is left of it.
  package func close(_ fence: Fence, member: ServiceName) throws(Refusal) {
    var next = content
    next.entries.removeAll { $0.fence == fence && $0.member.name == member }
    guard next.entries.count != content.entries.count else { return }
    try save(next)
  }

  private func save(_ next: Content) throws(Refusal) {
    do {
      try Self.write(next, to: file)
    } catch {
      throw Refusal(.busy, "the agent's ledger \(file.path) cannot be written: \(error)")
    }
    content = next
  }

  private static func write(_ content: Content, to file: any StateFile) throws {
    try file.replace(with: Array(CanonicalJSON.encode(content)))
  }
}
