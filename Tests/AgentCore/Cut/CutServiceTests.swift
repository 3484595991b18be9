import AgentCore
import CutProtocol
import Model
import Testing

/// The agent's shell around the machine of one member: a cut that goes well, and orders that come again.
@Suite struct CutServiceTests {
  private let orders = CutNode.orders
  private let fence = CutNode.fence(1)

  @Test func `a cut ends with a certificate that tells what was done, in its order`() async throws {
    let node = CutNode()
    try await node.serving { service in
      let hold = try await node.held(service, fence)
      #expect(node.guardian.armed == [hold])
      #expect(node.records.holds == [hold])
      let held = await service.held()
      #expect(held.map(\.hold) == [hold])
      node.clock.advance(by: .milliseconds(40))
      await node.witness(service, fence, hold)
      try await eventually("the certificate is there") { node.certificate(fence) != nil }
      let statement = try #require(node.certificate(fence)).decoded()
      #expect(statement.isIntact)
      #expect(statement.hold == hold)
      #expect(statement.fence == fence)
      #expect(statement.witness == WitnessVector([orders: hold]))
      #expect(statement.steps.witnessReceived.duration == .milliseconds(40))
      #expect(statement.steps.thawBegan.duration == .milliseconds(40))
      #expect(Set(statement.snapshots.map(\.name)) == node.snapshots.existing)
      try await eventually("sessions are closed") { node.log.count("discard orders") == 1 }
      #expect(
        node.log.all == [
          "arm \(CutNode.lease) \(Duration.seconds(10))", "hold orders", "held orders",
          "cut orders", "release orders", "disarm", "examine orders", "discard orders",
        ])
      #expect(await service.held() == [])
    }
  }

  @Test func `what only shows after the release is in the certificate`() async throws {
    var node = CutNode()
    node.finding = "orders had acknowledged what is not on its disk"
    try await node.serving { [node] service in
      let hold = try await node.held(service, fence)
      await node.witness(service, fence, hold)
      try await eventually("the certificate is there") { node.certificate(fence) != nil }
      let statement = try #require(node.certificate(fence)).decoded()
      #expect(
        statement.thaw
          == ThawEvidence(
            endedThisHold: false, cause: .complete,
            findings: ["orders had acknowledged what is not on its disk"]))
      // Nobody waits for it: the application goes on before.
      let (released, examined) = (
        node.log.position("release orders"), node.log.position("examine orders")
      )
      #expect(try #require(released) < #require(examined))
    }
  }

  @Test func `a hold that is given up is not examined`() async throws {
    let node = CutNode()
    try await node.serving { service in
      _ = try await node.held(service, fence)
      await service.handle(.abort(fence: fence, member: orders, reason: "given up"))
      try await eventually("it is over") { node.endings(fence) == ["given up"] }
    }
    #expect(node.log.count("release orders") == 1)
    #expect(node.log.count("examine orders") == 0)
  }

  @Test func `orders that come again are answered again and hold nothing twice`() async throws {
    let node = CutNode()
    try await node.serving { service in
      let hold = try await node.held(service, fence)
      try await node.prepare(service, fence)
      await node.freeze(service, fence)
      try await eventually("the hold is named again") {
        node.news(fence).count { $0 == .frozen(hold) } == 2
      }
      await node.witness(service, fence, hold)
      try await eventually("the certificate is there") { node.certificate(fence) != nil }
      let certificate = CutReport.News.certified(try #require(node.certificate(fence)))
      await node.freeze(service, fence)
      await node.witness(service, fence, hold)
      await service.handle(.query(fence: fence, member: orders))
      try await eventually("the certificate is given to each") {
        node.news(fence).count { $0 == certificate } == 4
      }
      #expect(node.log.count("hold orders") == 1)
      await service.handle(.settled(fence: fence, member: orders))
      try await eventually("it is settled") { node.endings(fence) == ["settled"] }
      await service.handle(.query(fence: fence, member: orders))
      try await eventually("it is forgotten") { node.endings(fence).count == 2 }
      #expect(node.snapshots.existing.count == 1, "a settled backup keeps its snapshots")
    }
  }

  @Test func `orders of an attempt that nobody prepared hold nothing`() async throws {
    let node = CutNode()
    try await node.serving { service in
      await node.freeze(service, fence)
      await service.handle(.abort(fence: fence, member: orders, reason: "given up"))
      try await eventually("both are answered") { node.news(fence).count == 2 }
      #expect(node.refusals(fence).map(\.code) == [.expired])
      #expect(node.endings(fence) == ["this node has nothing of attempt \(fence)"])
      #expect(node.log.all == [])
    }
  }

  @Test func `reports leave in the order in which they were made, however slow the link`()
    async throws
  {
    let node = CutNode()
    try await node.serving { service in
      _ = try await node.prepared(service, fence)
      node.reports.gate.close()
      await node.freeze(service, fence)
      try await eventually("a report waits") { node.reports.gate.waiting == 1 }
      await service.handle(.abort(fence: fence, member: orders, reason: "given up"))
      try await node.advancing("the snapshots are deleted") {
        node.log.count("delete orders of \(fence)") == 1
      }
      node.reports.gate.open()
      try await eventually("the end is reported") { !node.endings(fence).isEmpty }
      let kinds = node.news(fence).map { news in
        switch news {
        case .prepared: "prepared"
        case .frozen: "frozen"
        case .ended: "ended"
        default: "another"
        }
      }
      #expect(kinds == ["prepared", "frozen", "ended"])
    }
  }

  @Test func `a higher fence ends an older attempt, and takes its place once it has thawed`()
    async throws
  {
    let node = CutNode()
    let newer = CutNode.fence(2)
    try await node.serving { service in
      let old = try await node.held(service, fence)
      try await node.prepare(service, newer)
      try await node.advancing("the older attempt is thawed and cleaned") {
        !node.endings(fence).isEmpty
      }
      #expect(node.refusals(fence).map(\.message) == ["attempt \(newer) has replaced it"])
      // The older hold may still have been in force when the newer attempt asked.
      #expect(node.refusals(newer).allSatisfy { $0.code == .busy })
      let hold = try await node.held(service, newer)
      #expect(hold != old)
      #expect(node.log.count("release orders") == 1)
      let release = try #require(node.log.position("release orders"))
      let second = try #require(node.log.all.lastIndex(of: "hold orders"))
      #expect(release < second, "the new hold is taken after the old one was released")
      try await node.prepare(service, fence)
      try await eventually("the lower fence is refused") {
        node.refusals(fence).last?.code == .staleFence
      }
    }
  }

  @Test func `a volume that another cut uses is refused, and free again after that cut`()
    async throws
  {
    let node = CutNode()
    let other = CutNode.fence(1, cut: 2)
    try await node.serving { service in
      let hold = try await node.held(service, fence)
      try await node.prepare(service, other, CutNode.payments, volume: "orders")
      try await eventually("it is refused") {
        !node.refusals(other, CutNode.payments).isEmpty
      }
      #expect(
        node.refusals(other, CutNode.payments).first
          == Refusal(
            .busy, "volume v-orders of payments is in use by the cut of shop-1",
            hint: "wait for that backup to end"))
      await node.witness(service, fence, hold)
      try await eventually("the first cut has ended") { node.certificate(fence) != nil }
      _ = try await node.prepared(service, other, CutNode.payments)
    }
  }
}
