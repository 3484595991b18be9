import CutProtocol
import Model

/// What a simulated agent keeps on disk, and what its run directory says is held.
struct NodeLedger {
  struct Entry {
    var fence: Fence
    var member: ServiceName
    var hold: HoldID
    var planHash: String
    var certificate: HoldCertificate?
  }

  var incarnation: UInt64 = 0
  var highest = Fence.none
  var members: [ServiceName: Fence] = [:]
  var entries: [Entry] = []
  /// Holds to thaw at a start, by service.
  var held: [(hold: HoldID, service: Int)] = []

  /// Refused unless the fence is higher than the member's own and of no older epoch than any on this node.
  mutating func accept(_ fence: Fence, _ member: ServiceName) -> Bool {
    guard fence.epoch >= highest.epoch, fence > members[member] ?? .none else { return false }
    if fence.epoch > highest.epoch { members = [:] }
    highest = max(highest, fence)
    members[member] = fence
    return true
  }

  mutating func close(_ fence: Fence, _ member: ServiceName) {
    entries.removeAll { $0.fence == fence && $0.member == member }
  }

  mutating func keep(_ certificate: HoldCertificate, _ fence: Fence, _ member: ServiceName) {
    for index in entries.indices
    where entries[index].fence == fence && entries[index].member == member {
      entries[index].certificate = certificate
    }
  }
}
