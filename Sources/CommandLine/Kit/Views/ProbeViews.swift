internal import CutProtocol
internal import Model
package import OperatorWire

/// What a trial of a plan's drivers found, driver by driver.
package func planProbeText(_ probe: PlanProbeBody) -> String {
  probe.drivers.map(driverText).joined(separator: "\n")
}

private func driverText(_ driver: PlanProbeBody.Driver) -> String {
  let version = driver.version.isEmpty ? "" : " \(driver.version)"
  var text = "driver \(driver.driver)\(version) on \(driver.node): \(sentence(driver))\n"
    .printableLines
  for check in driver.checks {
    let mark = check.kept.map { $0 ? "kept   " : "BROKEN " } ?? "not tried"
    text += "  \(mark.padded(to: 10))\(check.rule.rawValue): \(check.detail)\n".printableLines
  }
  if !driver.cutMilliseconds.isEmpty {
    let times = driver.cutMilliseconds.map(\.millisecondsText).joined(separator: ", ")
    text += "  CreateSnapshot took \(times)\n"
  }
  for left in driver.leftBehind { text += "  LEFT BEHIND: \(left)\n".printableLines }
  return text
}

private func sentence(_ driver: PlanProbeBody.Driver) -> String {
  switch driver.outcome {
  case .conforms: "conforms"
  case .violates: "DOES NOT CONFORM" + (driver.obstacle.map { "; \($0)" } ?? "")
  case .notProbed: "cannot be probed because \(driver.obstacle ?? "nothing decided")"
  }
}

extension String {
  /// `printable`, with its last line's end kept.
  fileprivate var printableLines: String {
    hasSuffix("\n") ? String(dropLast()).printable + "\n" : printable
  }
}
