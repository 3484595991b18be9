internal import CutProtocol
internal import Model
internal import SwiftProtobuf

extension Fence {
  init(_ wire: Stillpoint_Fleet_V1_Fence) {
    self.init(epoch: wire.epoch, cut: wire.cut, attempt: wire.attempt)
  }

  var wire: Stillpoint_Fleet_V1_Fence {
    .with {
      $0.epoch = epoch
      $0.cut = cut
      $0.attempt = attempt
    }
  }
}

extension HoldID {
  init(_ wire: Stillpoint_Fleet_V1_HoldID, _ field: WireField) throws(WireError) {
    self.init(
      boot: try field("boot").label(wire.boot), incarnation: wire.incarnation,
      counter: wire.counter)
  }

  var wire: Stillpoint_Fleet_V1_HoldID {
    .with {
      $0.boot = boot
      $0.incarnation = incarnation
      $0.counter = counter
    }
  }
}

extension WitnessVector {
  init(_ wire: Stillpoint_Fleet_V1_WitnessVector, _ field: WireField) throws(WireError) {
    let entries = try field("entries").list(wire.entries) { entry, field throws(WireError) in
      Entry(
        member: try field("member").name(entry.member), hold: try HoldID(entry.hold, field("hold"))
      )
    }
    var holds: [ServiceName: HoldID] = [:]
    for entry in entries where holds.updateValue(entry.hold, forKey: entry.member) != nil {
      throw field("entries").error("\(entry.member) is in it twice")
    }
    self.init(holds)
  }

  var wire: Stillpoint_Fleet_V1_WitnessVector {
    .with {
      $0.entries = entries.map { entry in
        .with {
          $0.member = entry.member.text
          $0.hold = entry.hold.wire
        }
      }
    }
  }
}
