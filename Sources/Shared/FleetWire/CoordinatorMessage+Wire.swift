internal import CutProtocol
internal import Foundation
internal import Model
internal import SwiftProtobuf

extension CoordinatorMessage {
  /// Checks every part against `WireLimits` and the rules of its type.
  package init(_ wire: Stillpoint_Fleet_V1_CoordinatorMessage) throws(WireError) {
    let field = WireField("coordinator")
    switch wire.kind {
    case .welcome(let welcome):
      let field = field("welcome")
      self = .welcome(
        Welcome(
          protocol: welcome.protocol, version: try field("version").label(welcome.version),
          beatInterval: try field("beat_interval").duration(welcome.beatInterval),
          deadAfter: try field("dead_after").duration(welcome.deadAfter)))
    case .beat: self = .beat
    case .order(let order): self = .order(try CutOrder(order, field("order")))
    case .request(let request):
      self = .request(id: request.id, try NodeRequest(request, field("request")))
    case .recorded(let recorded): self = .recorded(through: recorded.through)
    case .farewell(let farewell):
      self = .farewell(try Farewell(farewell, field("farewell")))
    case nil: throw field.error("it is of an unknown kind")
    }
  }

  /// Throws when a plan is above `WireLimits`. Who tells many members of one vector passes the same `vectors` each time.
  package func wire(_ vectors: VectorEncoding = VectorEncoding()) throws(WireError)
    -> Stillpoint_Fleet_V1_CoordinatorMessage
  {
    var wire = Stillpoint_Fleet_V1_CoordinatorMessage()
    switch self {
    case .welcome(let welcome):
      wire.welcome = .with {
        $0.protocol = welcome.protocol
        $0.version = welcome.version
        $0.beatInterval = welcome.beatInterval.wholeNanoseconds
        $0.deadAfter = welcome.deadAfter.wholeNanoseconds
      }
    case .beat: wire.beat = .init()
    case .order(let order): wire.order = try order.wire(vectors)
    case .request(let id, let request): wire.request = request.wire(id)
    case .recorded(let through): wire.recorded = .with { $0.through = through }
    case .farewell(let farewell):
      wire.farewell = .with {
        $0.reason = farewell.reason.wire
        $0.message = farewell.message.forWire
      }
    }
    return wire
  }
}

extension Farewell {
  init(_ wire: Stillpoint_Fleet_V1_Farewell, _ field: WireField) throws(WireError) {
    // A reason that a newer coordinator may know is one to come back after.
    let reason = Reason.allCases.first { $0.wire == wire.reason } ?? .unavailable
    self.init(reason, try field("message").text(wire.message))
  }
}

extension Farewell.Reason {
  var wire: Stillpoint_Fleet_V1_Farewell.Reason {
    switch self {
    case .incompatible: .incompatible
    case .revoked: .revoked
    case .replaced: .replaced
    case .identity: .identity
    case .violation: .violation
    case .overloaded: .overloaded
    case .unavailable: .unavailable
    }
  }
}

extension CutOrder {
  init(_ wire: Stillpoint_Fleet_V1_Order, _ field: WireField) throws(WireError) {
    try field("fence").present(wire.hasFence)
    let fence = Fence(wire.fence)
    let member: ServiceName = try field("member").name(wire.member)
    guard wire.issuer >= fence.epoch else {
      throw field("issuer").error("epoch \(wire.issuer) is older than its own attempt \(fence)")
    }
    let issuer = wire.issuer > fence.epoch ? wire.issuer : nil
    switch wire.kind {
    case .prepare(let prepare):
      let field = field("prepare")
      self = .prepare(
        fence: fence, member: member,
        plan: try field("plan").bytes(prepare.plan, limit: WireLimits.plan),
        lease: try field("lease").duration(prepare.lease))
    case .freeze(let freeze):
      self = .freeze(
        fence: fence, member: member,
        after: try WitnessVector(encoded: freeze.after, field("freeze")("after")))
    case .renew(let renew):
      let field = field("renew")
      self = .renew(
        fence: fence, member: member, hold: try HoldID(renew.hold, field("hold")),
        lease: try field("lease").duration(renew.lease))
    case .witness(let witness):
      self = .witness(
        fence: fence, member: member,
        vector: try WitnessVector(encoded: witness.vector, field("witness")("vector")))
    case .cut(let cut):
      let field = field("cut")
      self = .cut(
        fence: fence, member: member, hold: try HoldID(cut.hold, field("hold")),
        snapshots: try field("snapshots").records(cut.snapshots))
    case .abort(let abort):
      self = .abort(
        fence: fence, member: member, reason: try field("abort")("reason").text(abort.reason),
        by: issuer)
    case .query: self = .query(fence: fence, member: member, by: issuer)
    case .settled: self = .settled(fence: fence, member: member, by: issuer)
    case nil: throw field.error("it is an order of an unknown kind")
    }
  }

  func wire(_ vectors: VectorEncoding) throws(WireError) -> Stillpoint_Fleet_V1_Order {
    var wire = Stillpoint_Fleet_V1_Order()
    wire.fence = fence.wire
    wire.member = member.text
    wire.issuer = issuer
    switch self {
    case .prepare(_, _, let plan, let lease):
      guard plan.count <= WireLimits.plan else {
        throw WireError(
          "order.prepare.plan",
          "it has \(plan.count) bytes, at most \(WireLimits.plan) are allowed")
      }
      wire.prepare = .with {
        $0.plan = plan
        $0.lease = lease.wholeNanoseconds
      }
    case .freeze(_, _, let after):
      let bytes = try vectors.bytes(of: after)
      wire.freeze = .with { $0.after = bytes }
    case .renew(_, _, let hold, let lease):
      wire.renew = .with {
        $0.hold = hold.wire
        $0.lease = lease.wholeNanoseconds
      }
    case .witness(_, _, let vector):
      let bytes = try vectors.bytes(of: vector)
      wire.witness = .with { $0.vector = bytes }
    case .cut(_, _, let hold, let snapshots):
      wire.cut = .with {
        $0.hold = hold.wire
        $0.snapshots = snapshots.map(\.wire)
      }
    case .abort(_, _, let reason, _): wire.abort = .with { $0.reason = reason.forWire }
    case .query: wire.query = .init()
    case .settled: wire.settled = .init()
    }
    return wire
  }
}
