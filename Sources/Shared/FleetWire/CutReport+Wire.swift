internal import CutProtocol
internal import Foundation
internal import Model
internal import SwiftProtobuf

extension CutReport {
  init(_ wire: Stillpoint_Fleet_V1_Report, _ field: WireField) throws(WireError) {
    try field("fence").present(wire.hasFence)
    self.init(
      fence: Fence(wire.fence), member: try field("member").name(wire.member),
      news: try News(wire.news, field), obeyed: wire.obeyed)
  }

  func wire() throws -> Stillpoint_Fleet_V1_Report {
    var wire = Stillpoint_Fleet_V1_Report()
    wire.fence = fence.wire
    wire.member = member.text
    wire.obeyed = obeyed
    switch news {
    case .prepared(let hold, let preparation):
      wire.prepared = preparation.wire
      wire.prepared.hold = hold.wire
    case .refused(let refusal): wire.refused = refusal.wire
    case .frozen(let hold): wire.frozen = hold.wire
    case .cut(let snapshots): wire.cut = .with { $0.snapshots = snapshots.map(\.wire) }
    case .nack(let refusal): wire.nack = refusal.wire
    case .certified(let certificate):
      let json = try CanonicalJSON.encode(certificate)
      guard json.count <= WireLimits.certificate else {
        throw WireError("report.certified", "it has \(json.count) bytes")
      }
      wire.certified = .with { $0.json = json }
    case .ended(let reason): wire.ended = .with { $0.reason = reason.forWire }
    }
    return wire
  }
}

extension CutReport.News {
  init(_ wire: Stillpoint_Fleet_V1_Report.OneOf_News?, _ field: WireField) throws(WireError) {
    switch wire {
    case .prepared(let preparation):
      let field = field("prepared")
      self = .prepared(
        try HoldID(preparation.hold, field("hold")), try Preparation(preparation, field))
    case .refused(let refusal): self = .refused(try Refusal(refusal, field("refused")))
    case .frozen(let hold): self = .frozen(try HoldID(hold, field("frozen")))
    case .cut(let cut): self = .cut(try field("cut")("snapshots").records(cut.snapshots))
    case .nack(let refusal): self = .nack(try Refusal(refusal, field("nack")))
    case .certified(let certificate):
      let field = field("certified")
      let json = try field.bytes(certificate.json, limit: WireLimits.certificate)
      do {
        self = .certified(try CanonicalJSON.decode(HoldCertificate.self, from: json))
      } catch {
        throw field.error("it is no hold certificate: \("\(error)".prefix(300))")
      }
    case .ended(let ended): self = .ended(reason: try field("ended")("reason").text(ended.reason))
    case nil: throw field.error("it brings no news that is known")
    }
  }
}

extension Preparation {
  init(_ wire: Stillpoint_Fleet_V1_Preparation, _ field: WireField) throws(WireError) {
    let fidelity = field("fidelity")
    self.init(
      predictedQuiesce: try field("predicted_quiesce").duration(wire.predictedQuiesce),
      predictedSnapshot: try field("predicted_snapshot").duration(wire.predictedSnapshot),
      fidelity: Fidelity(
        durableStateConstant: wire.fidelity.durableStateConstant,
        acknowledgedIsDurable: wire.fidelity.acknowledgedIsDurable,
        nothingAcknowledged: wire.fidelity.nothingAcknowledged,
        reasons: try fidelity("reasons").remarks(wire.fidelity.reasons),
        storageIsCopied: wire.fidelity.storageIsCopied),
      remarks: try field("remarks").remarks(wire.remarks))
  }

  var wire: Stillpoint_Fleet_V1_Preparation {
    .with {
      $0.predictedQuiesce = max(0, predictedQuiesce.duration.wholeNanoseconds)
      $0.predictedSnapshot = max(0, predictedSnapshot.duration.wholeNanoseconds)
      $0.fidelity = .with {
        $0.durableStateConstant = fidelity.durableStateConstant
        $0.acknowledgedIsDurable = fidelity.acknowledgedIsDurable
        $0.nothingAcknowledged = fidelity.nothingAcknowledged
        $0.reasons = fidelity.reasons.forWire
        $0.storageIsCopied = fidelity.storageIsCopied
      }
      $0.remarks = remarks.forWire
    }
  }
}

extension Refusal {
  init(_ wire: Stillpoint_Fleet_V1_Refusal, _ field: WireField) throws(WireError) {
    let code: Code
    switch wire.code {
    case .hazard: code = .hazard
    case .moved: code = .moved
    case .busy: code = .busy
    case .staleFence: code = .staleFence
    case .expired: code = .expired
    case .failed: code = .failed
    case .unspecified, .UNRECOGNIZED: throw field("code").error("it is not known")
    }
    self.init(
      code, try field("message").text(wire.message),
      hint: wire.hasHint ? try field("hint").text(wire.hint) : nil,
      highestFence: wire.hasHighestFence ? Fence(wire.highestFence) : nil)
  }

  var wire: Stillpoint_Fleet_V1_Refusal {
    .with {
      switch code {
      case .hazard: $0.code = .hazard
      case .moved: $0.code = .moved
      case .busy: $0.code = .busy
      case .staleFence: $0.code = .staleFence
      case .expired: $0.code = .expired
      case .failed: $0.code = .failed
      }
      $0.message = message.forWire
      if let hint { $0.hint = hint.forWire }
      if let highestFence { $0.highestFence = highestFence.wire }
    }
  }
}
