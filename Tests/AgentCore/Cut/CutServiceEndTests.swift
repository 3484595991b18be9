import AgentCore
import CutProtocol
import Foundation
import Model
import Testing

/// How holds end that do not end well, at the agent's shell: L1, L5, S2, S7, S14, S17.
@Suite struct CutServiceEndTests {
  private let orders = CutNode.orders
  private let fence = CutNode.fence(1)

  @Test func `a quiescer that hangs is ended by the lease, and closed once it came back`()
    async throws
  {
    let node = CutNode()
    try await node.serving { service in
      node.quiesce.close()
      _ = try await node.prepared(service, fence)
      await node.freeze(service, fence)
      try await eventually("it hangs") { node.quiesce.waiting == 1 }
      node.clock.advance(by: CutNode.lease)
      try await eventually("it is released and said to be over") {
        node.refusals(fence).first?.code == .expired
      }
      #expect(node.log.count("release orders") == 1)
      #expect(node.guardian.armed == [])
      #expect(node.log.count("discard orders") == 0)
      node.quiesce.open()
      try await node.advancing("it is closed") { node.log.count("discard orders") == 1 }
      #expect(node.certificate(fence) == nil)
      #expect(node.snapshots.existing == [])
    }
  }

  @Test func `renewals carry a hold that is being taken beyond its lease, to agent and guardian`()
    async throws
  {
    let node = CutNode()
    try await node.serving { service in
      node.quiesce.close()
      let hold = try await node.prepared(service, fence)
      await node.freeze(service, fence)
      try await eventually("it is being taken") { node.quiesce.waiting == 1 }
      for renewal in 1...3 {
        node.clock.advance(by: .seconds(2))
        await service.handle(
          .renew(fence: fence, member: orders, hold: hold, lease: CutNode.lease))
        try await eventually("the guardian knows") { node.guardian.renewals.count == renewal }
      }
      #expect(node.refusals(fence) == [])
      node.quiesce.open()
      try await eventually("it is held") { node.news(fence).contains(.frozen(hold)) }
      await node.witness(service, fence, hold)
      try await eventually("the certificate is there") { node.certificate(fence) != nil }
      let statement = try #require(node.certificate(fence)).decoded()
      #expect(statement.isIntact)
      #expect(statement.steps.held.duration == .seconds(6))
    }
  }

  @Test func `a renewal that comes before the guardian is armed is passed on afterwards`()
    async throws
  {
    let node = CutNode()
    try await node.serving { service in
      node.guardian.armGate.close()
      let hold = try await node.prepared(service, fence)
      await node.freeze(service, fence)
      try await eventually("the guardian is being told") { node.guardian.armGate.waiting == 1 }
      await service.handle(.renew(fence: fence, member: orders, hold: hold, lease: CutNode.lease))
      #expect(node.guardian.renewals == [])
      node.guardian.armGate.open()
      try await eventually("it is renewed there too") { node.guardian.renewals == [hold] }
    }
  }

  @Test func `a hold that ends while the guardian is being told is never taken`() async throws {
    let node = CutNode()
    try await node.serving { service in
      node.guardian.armGate.close()
      _ = try await node.prepared(service, fence)
      await node.freeze(service, fence)
      try await eventually("the guardian is being told") { node.guardian.armGate.waiting == 1 }
      node.clock.advance(by: CutNode.lease)
      try await eventually("it is over") { node.refusals(fence).first?.code == .expired }
      node.guardian.armGate.open()
      try await node.advancing("its sessions are closed") {
        node.log.count("discard orders") == 1
      }
      #expect(node.log.count("hold orders") == 0)
      try await eventually("the guardian is told again") { node.guardian.armed == [] }
    }
  }

  @Test func `guardian, record and attempt stay for as long as a release hangs`() async throws {
    var node = CutNode()
    let gate = Gate()
    gate.close()
    node.leaving = .over(gate)
    let later = CutNode.fence(1, cut: 2)
    try await node.serving { [node] service in
      let hold = try await node.held(service, fence)
      await service.handle(.abort(fence: fence, member: orders, reason: "given up"))
      try await node.advancing("its sessions are closed") {
        node.log.count("discard orders") == 1
      }
      try await eventually("its end is awaited") { gate.waiting == 1 }
      #expect(node.guardian.armed == [hold])
      #expect(node.records.holds == [hold])
      #expect(node.endings(fence) == [])
      #expect(await service.held().map(\.hold) == [hold])
      // Its thaw, should it come later, would end the new hold.
      try await node.prepare(service, later)
      try await eventually("the next attempt is refused") {
        node.refusals(later).first?.code == .busy
      }
      gate.open()
      try await node.advancing("the attempt is over") { !node.endings(fence).isEmpty }
      #expect(node.guardian.armed == [])
      #expect(node.log.count("end") == 0)
    }
  }

  @Test func `what its release cannot end is the guardian's at once`() async throws {
    var node = CutNode()
    node.leaving = .failed
    try await node.serving { [node] service in
      _ = try await node.held(service, fence)
      await service.handle(.abort(fence: fence, member: orders, reason: "given up"))
      try await node.advancing("the attempt is over") { !node.endings(fence).isEmpty }
      #expect(node.log.count("end") == 1)
      #expect(await service.held() == [])
    }
  }

  @Test func `what the guardian has begun is waited for, also when the release was quicker`()
    async throws
  {
    let node = CutNode()
    let later = CutNode.fence(1, cut: 2)
    try await node.serving { service in
      _ = try await node.held(service, fence)
      node.guardian.rescue(answers: 4)
      await service.handle(.abort(fence: fence, member: orders, reason: "given up"))
      try await eventually("it is asked") { node.log.count("disarm") > 1 }
      try await node.prepare(service, later)
      #expect(node.refusals(later).first?.code == .busy)
      #expect(node.endings(fence) == [])
      try await node.advancing("the attempt is over") { !node.endings(fence).isEmpty }
      #expect(node.guardian.armed == [])
    }
  }

  @Test func `a guardian that has died is replaced for what is left to end`() async throws {
    var node = CutNode()
    node.leaving = .failed
    try await node.serving { [node] service in
      _ = try await node.held(service, fence)
      node.guardian.die()
      try await node.advancing("the attempt is over") { !node.endings(fence).isEmpty }
      #expect(node.log.count("end") == 2)
      #expect(node.log.all.filter { $0.hasPrefix("arm ") }.count == 2)
    }
  }

  @Test func `a hold that fails while its release goes on leaves the guardian armed`() async throws
  {
    var node = CutNode()
    let gate = Gate()
    gate.close()
    node.releasing = gate
    try await node.serving { [node] service in
      node.quiesce.close()
      let hold = try await node.prepared(service, fence)
      await node.freeze(service, fence)
      try await eventually("it is being taken") { node.log.count("hold orders") == 1 }
      await service.handle(.abort(fence: fence, member: orders, reason: "given up"))
      try await eventually("it is being released") { gate.waiting == 1 }
      node.quiesce.open()
      try await eventually("it has come back") { node.log.count("held orders") == 1 }
      for _ in 0..<100 { await Task.yield() }
      #expect(node.guardian.armed == [hold])
      gate.open()
      try await node.advancing("the attempt is over") { !node.endings(fence).isEmpty }
    }
  }

  @Test func `an agent that stops while a release hangs leaves the hold to its guardian`()
    async throws
  {
    var node = CutNode()
    let gate = Gate()
    gate.close()
    defer { gate.open() }
    node.leaving = .over(gate)
    try await node.serving(left: true) { [node] service in
      let hold = try await node.held(service, fence)
      await service.handle(.abort(fence: fence, member: orders, reason: "given up"))
      try await eventually("its end is awaited") { gate.waiting == 1 }
      await node.stop(service)
      #expect(node.guardian.armed == [hold])
      gate.open()
    }
    #expect(node.guardian.armed.count == 1)
    #expect(node.records.holds.count == 1)
  }

  @Test(arguments: 0..<20)
  func `an abort right behind the freeze leaves nothing held`(round: Int) async throws {
    let node = CutNode()
    try await node.serving { service in
      _ = try await node.prepared(service, fence)
      await node.freeze(service, fence)
      await service.handle(.abort(fence: fence, member: orders, reason: "given up"))
      try await node.advancing("it has ended") { !node.endings(fence).isEmpty }
      try await node.advancing("its sessions are closed") {
        node.log.count("discard orders") == 1
      }
      #expect(node.log.count("release orders") == node.log.count("hold orders"))
      try await eventually("the guardian watches nothing") { node.guardian.armed == [] }
    }
  }

  @Test func `a snapshot that comes after the thaw is no part of anything, and is deleted`()
    async throws
  {
    let node = CutNode()
    try await node.serving { service in
      node.snapshots.gate.close()
      let hold = try await node.held(service, fence)
      await node.witness(service, fence, hold)
      try await eventually("the snapshot is under way") { node.snapshots.gate.waiting == 1 }
      node.clock.advance(by: CutNode.lease)
      try await eventually("the lease has ended the hold") {
        node.refusals(fence).first?.code == .expired
      }
      #expect(node.log.count("release orders") == 1)
      #expect(node.log.count("delete orders of \(fence)") == 0)
      node.snapshots.gate.open()
      try await node.advancing("the attempt is cleaned up") { !node.endings(fence).isEmpty }
      let cut = try #require(node.log.position("cut orders"))
      let deletion = try #require(node.log.position("delete orders of \(fence)"))
      #expect(cut < deletion)
      #expect(node.snapshots.existing == [])
      #expect(node.certificate(fence) == nil)
    }
  }

  @Test func `a guardian that goes ends every hold of the node`() async throws {
    let node = CutNode()
    try await node.serving { service in
      _ = try await node.held(service, fence)
      _ = try await node.held(service, fence, CutNode.payments)
      node.guardian.die()
      for name in [orders, CutNode.payments] {
        try await node.advancing("\(name) is thawed and cleaned") {
          !node.endings(fence, name).isEmpty
        }
        #expect(
          node.refusals(fence, name).map(\.message) == ["the guardian of this node is gone"])
        #expect(node.log.count("release \(name)") == 1)
      }
    }
  }

  @Test func `an agent that stops ends every hold, and takes no further one`() async throws {
    let node = CutNode()
    let later = CutNode.fence(1, cut: 2)
    try await node.serving { service in
      _ = try await node.held(service, fence)
      await node.stop(service)
      #expect(node.log.count("release orders") == 1)
      #expect(await service.held() == [])
      try await node.prepare(service, later, CutNode.payments)
      #expect(
        node.refusals(later, CutNode.payments)
          == [Refusal(.busy, "the agent of node-1 is stopping")])
    }
  }

  @Test func `after a restart a certificate is given to whoever asks, until it is settled`()
    async throws
  {
    let node = CutNode()
    try await node.serving { service in
      let hold = try await node.held(service, fence)
      await node.witness(service, fence, hold)
      try await eventually("the certificate is there") { node.certificate(fence) != nil }
    }
    let certificate = CutReport.News.certified(try #require(node.certificate(fence)))
    for life in 1...2 {
      try await node.serving { service in
        try await eventually("it is given again") {
          await service.handle(.query(fence: fence, member: orders))
          return node.news(fence).count { $0 == certificate } > life
        }
        guard life == 2 else { return }
        await service.handle(.settled(fence: fence, member: orders))
        try await eventually("it is settled") { node.endings(fence).contains("settled") }
      }
    }
    try await node.serving { service in
      await service.handle(.query(fence: fence, member: orders))
      try await eventually("it is forgotten") {
        node.endings(fence).last == "this node has nothing of attempt \(fence)"
      }
    }
    #expect(node.log.count("hold orders") == 1)
    #expect(node.snapshots.existing.count == 1)
  }

  @Test func `nothing is taken back for an older coordinator once a newer one has asked`()
    async throws
  {
    let node = CutNode()
    try await node.serving { service in
      let hold = try await node.held(service, fence)
      await node.witness(service, fence, hold)
      try await eventually("the certificate is there") { node.certificate(fence) != nil }
      await service.handle(.query(fence: fence, member: orders, by: 2))
      try await eventually("it is given to the newer one") {
        node.obeyed(fence) == [fence.epoch, 2]
      }
    }
    for life in 1...2 {
      try await node.serving { service in
        await service.handle(.abort(fence: fence, member: orders, reason: "not needed"))
        await service.handle(.query(fence: fence, member: orders))
        await service.handle(.settled(fence: fence, member: orders))
        try await eventually("the older one is refused") {
          node.refusals(fence).count { $0.code == .staleFence } == 3 * life
        }
        #expect(node.endings(fence) == [])
        #expect(node.snapshots.existing.count == 1)
        // It may not begin anything either.
        let older = CutNode.fence(life == 1 ? 2 : 3)
        try await node.prepare(service, older)
        try await eventually("a fence of it is refused") {
          node.refusals(older).map(\.code) == [.staleFence]
        }
      }
    }
    try await node.serving { service in
      await service.handle(.abort(fence: fence, member: orders, reason: "not needed", by: 2))
      try await eventually("the newer one is obeyed") { node.endings(fence) == ["not needed"] }
    }
    #expect(node.snapshots.existing == [])
  }

  @Test func `a newer coordinator ends a hold even when the ledger's disk is full`() async throws {
    let node = CutNode()
    try await node.serving { service in
      _ = try await node.held(service, fence)
      node.ledgerFile.fill(true)
      await service.handle(.abort(fence: fence, member: orders, reason: "superseded", by: 2))
      try await eventually("it is released") { node.log.count("release orders") == 1 }
      node.ledgerFile.fill(false)
      try await node.advancing("it is cleaned up") { node.endings(fence) == ["superseded"] }
    }
  }

  @Test func `an end is told once the ledger has it, however long its disk is full`() async throws {
    let node = CutNode()
    try await node.serving { service in
      let hold = try await node.held(service, fence)
      await node.witness(service, fence, hold)
      try await eventually("the certificate is there") { node.certificate(fence) != nil }
      node.ledgerFile.fill(true)
      await service.handle(.settled(fence: fence, member: orders))
      try await node.advancing("it is tried again and again") { node.ledgerFile.refused >= 4 }
      #expect(node.endings(fence) == [])
      // A crash now would find the attempt.
      #expect(
        try await AgentLedger(file: CopiedFile(node.ledgerFile), boot: "boot").entries.count == 1)
      node.ledgerFile.fill(false)
      try await node.advancing("it is told") { node.endings(fence) == ["settled"] }
    }
    #expect(try await AgentLedger(file: node.ledgerFile, boot: "boot").entries.isEmpty)
    #expect(node.snapshots.existing.count == 1)
  }

  @Test func `what was deleted is told once the ledger has it`() async throws {
    let node = CutNode()
    try await node.serving { service in
      let hold = try await node.held(service, fence)
      await node.witness(service, fence, hold)
      try await eventually("the certificate is there") { node.certificate(fence) != nil }
      node.ledgerFile.fill(true)
      await service.handle(.abort(fence: fence, member: orders, reason: "not needed"))
      // First of all the certificate is to be withdrawn, so nothing is deleted yet.
      try await node.advancing("it is tried again and again") { node.ledgerFile.refused >= 4 }
      #expect(node.endings(fence) == [])
      #expect(node.snapshots.existing.count == 1)
      node.ledgerFile.fill(false)
      try await node.advancing("it is told") { node.endings(fence) == ["not needed"] }
    }
    #expect(node.snapshots.existing == [])
    #expect(try await AgentLedger(file: node.ledgerFile, boot: "boot").entries.isEmpty)
  }

  @Test func `after a restart an attempt without certificate is cleaned up and never held`()
    async throws
  {
    let node = CutNode()
    // As a crash leaves it: accepted, and nothing of its end written.
    let ledger = try AgentLedger(file: node.ledgerFile, boot: "boot")
    let member = MemberPlan(
      name: orders, node: NodeID(accepted: "node-1"),
      container: ContainerID(accepted: "c-orders"), containerName: "orders", pod: "orders",
      namespace: "shop", image: "i", imageDigest: "", holds: [.filesystem],
      volumes: [MemberVolume(containerPath: "/data", volume: CutNode.volume("orders"))],
      dependsOn: [], group: 0, level: 0)
    let backup = BackupID(accepted: "shop-1")
    let hold = try await ledger.accept(
      fence, member: member, backup: backup, cap: .seconds(5))
    let name = SnapshotName(fence: fence, member: orders, hold: hold, backup: backup)
    _ = try await node.snapshots.cut(member.volumes, name: name, clock: { .zero })
    #expect(node.snapshots.existing.count == 1)
    try await node.serving { service in
      try await eventually("it is cleaned up") {
        node.endings(fence) == ["the agent was restarted"]
      }
      #expect(node.snapshots.existing == [])
      await node.freeze(service, fence)
      try await eventually("a freeze that comes late is refused") {
        !node.refusals(fence).isEmpty
      }
      // A call of the earlier life comes through at last.
      _ = try await node.snapshots.cut(member.volumes, name: name, clock: { .zero })
      node.clock.advance(by: .seconds(5))
      try await eventually("what came late is deleted too") { node.snapshots.existing == [] }
      try await eventually("the attempt is closed") {
        await service.handle(.query(fence: fence, member: orders))
        return node.endings(fence).contains { $0.hasPrefix("this node has nothing") }
      }
    }
    #expect(try await AgentLedger(file: node.ledgerFile, boot: "boot").entries.isEmpty)
    #expect(node.log.count("hold orders") == 0)
  }
}

/// What a file holds now, for a reader that must not write to it.
private struct CopiedFile: StateFile {
  let path = "copy"
  private let original: MemoryFile

  init(_ original: MemoryFile) { self.original = original }

  func read(limit: Int) throws -> [UInt8]? { try original.read(limit: limit) }
  func replace(with new: [UInt8]) throws {}
  func replaceBeside(with new: [UInt8]) async throws {}
}
