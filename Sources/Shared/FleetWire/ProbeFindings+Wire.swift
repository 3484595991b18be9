internal import CutProtocol
internal import Model
internal import SwiftProtobuf

extension DriverProbe {
  init(_ wire: Stillpoint_Fleet_V1_Request.ProbeDriver, _ field: WireField) throws(WireError) {
    self.init(
      probe: try field("probe").name(wire.probe), driver: try field("driver").name(wire.driver))
  }
}

extension ProbeFindings {
  init(_ wire: Stillpoint_Fleet_V1_ProbeFindings, _ field: WireField) throws(WireError) {
    self.init(
      driver: try field("driver").name(wire.driver),
      version: try field("version").text(wire.version),
      checks: try field("checks").list(wire.checks, limit: WireLimits.remarks) {
        check, field throws(WireError) in
        guard let rule = Rule(rawValue: try field("rule").label(check.rule)) else {
          throw field("rule").error("'\(check.rule)' is no rule known here")
        }
        return Check(
          rule, kept: check.hasKept ? check.kept : nil,
          detail: try field("detail").text(check.detail))
      },
      cuts: try field("cuts").list(wire.cuts, limit: WireLimits.remarks) {
        cut, field throws(WireError) in Elapsed(try field.duration(cut))
      },
      obstacle: wire.hasObstacle ? try field("obstacle").text(wire.obstacle) : nil,
      leftBehind: try field("left_behind").remarks(wire.leftBehind))
  }

  var wire: Stillpoint_Fleet_V1_ProbeFindings {
    .with {
      $0.driver = driver.text
      $0.version = version.forWire
      $0.checks = checks.prefix(WireLimits.remarks).map { check in
        .with {
          $0.rule = check.rule.rawValue
          if let kept = check.kept { $0.kept = kept }
          $0.detail = check.detail.forWire
        }
      }
      $0.cuts = cuts.prefix(WireLimits.remarks).map { max(0, $0.duration.wholeNanoseconds) }
      if let obstacle { $0.obstacle = obstacle.forWire }
      $0.leftBehind = leftBehind.forWire
    }
  }
}
