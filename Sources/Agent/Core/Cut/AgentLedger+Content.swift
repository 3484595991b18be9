internal import CutProtocol
internal import Foundation
internal import LinuxSystem
internal import Model

extension AgentLedger {
  /// What the file says.
  struct Content: Codable {
    var version = 1
    var incarnation: UInt64 = 0
    var highest = Fence.none
    /// The highest fence accepted for each member in the current epoch.
    var members: [String: Fence] = [:]
    var entries: [Entry] = []
    /// The machine that writes it; nil in what an earlier version wrote, and where the machine has no name.
    var machine: MachineID?

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

    func encoded() throws -> [UInt8] { Array(try CanonicalJSON.encode(self)) }
  }

  /// One decision about one attempt.
  enum Change: Sendable {
    case accept(Entry)
    /// Keeps the attempt's certificate, or gives it up.
    case certify(Fence, ServiceName, HoldCertificate?)
    case close(Fence, ServiceName)
    /// A coordinator of this epoch has spoken.
    case obey(UInt64)
  }
}

extension AgentLedger.Content {
  /// Makes the change; false when it changes nothing. Refused changes leave everything as it was.
  mutating func apply(_ change: AgentLedger.Change) throws(Refusal) -> Bool {
    switch change {
    case .accept(let entry):
      try accept(entry)
      return true
    case .certify(let fence, let member, let certificate):
      guard let index = place(of: fence, member), entries[index].certificate != certificate else {
        return false
      }
      entries[index].certificate = certificate
      return true
    case .close(let fence, let member):
      guard let index = place(of: fence, member) else { return false }
      entries.remove(at: index)
      return true
    case .obey(let epoch):
      guard epoch >= highest.epoch else {
        throw Refusal(
          .staleFence, "a coordinator of epoch \(highest.epoch) has spoken since epoch \(epoch)")
      }
      return begin(epoch)
    }
  }

  /// Nothing of an earlier epoch counts any more.
  private mutating func begin(_ epoch: UInt64) -> Bool {
    guard epoch > highest.epoch else { return false }
    members = [:]
    highest = Fence(epoch: epoch, cut: 0, attempt: 0)
    return true
  }

  private func place(of fence: Fence, _ member: ServiceName) -> Int? {
    entries.firstIndex { $0.fence == fence && $0.member.name == member }
  }

  private mutating func accept(_ entry: AgentLedger.Entry) throws(Refusal) {
    let (fence, name) = (entry.fence, entry.member.name)
    let known = members[name.text] ?? .none
    guard fence.epoch >= highest.epoch, fence > known else {
      throw Refusal(
        .staleFence,
        "fence \(fence) of \(name) is not higher than \(max(known, highest))",
        highestFence: highest)
    }
    guard entries.count < AgentLedger.mostEntries else {
      throw Refusal(
        .busy, "\(entries.count) earlier attempts of this node are not settled yet")
    }
    _ = begin(fence.epoch)
    highest = max(highest, fence)
    members[name.text] = fence
    entries.append(entry)
  }
}
