internal import CutProtocol
internal import Model
package import OperatorWire

package func planTable(_ plans: [PlanBody], wide: Bool) -> String {
  var table = TextTable(["PLAN", "ENVIRONMENT", "REQUIRES", "POLICY", "SERVICES", "APPLIED"])
  if wide { table.headings += ["REVISION", "BY", "BUDGET", "CAP", "DRAIN"] }
  table.rows = plans.map { plan in
    var row = [
      plan.name.text, plan.environment.rawValue, plan.requires.rawValue, plan.policy.rawValue,
      plan.services.map(\.text).listed, plan.appliedAt.toSecond,
    ]
    if wide {
      row += [
        "\(plan.revision)", plan.appliedBy, plan.freeze.budget, plan.freeze.cap,
        plan.freeze.drain ? "yes" : "no",
      ]
    }
    return row
  }
  return table.text(empty: "no plan is stored; store one with: stillpoint plan apply -f FILE")
}

package func planText(_ plan: PlanBody) -> String {
  var fields = FieldList()
  fields.add("plan", plan.name.text)
  fields.add(
    "revision", "\(plan.revision), applied \(plan.appliedAt.toSecond) by \(plan.appliedBy)")
  fields.add("environment", plan.environment.rawValue)
  fields.add("requires", plan.requires.rawValue)
  fields.add("policy", plan.policy.rawValue)
  fields.add(
    "freeze",
    "budget \(plan.freeze.budget), cap \(plan.freeze.cap)"
      + (plan.freeze.drain ? ", drained" : ""))
  fields.add("services", plan.services.map(\.text).listed)
  let source = plan.source.split(separator: "\n", omittingEmptySubsequences: false)
    .map { String($0).printable }.joined(separator: "\n")
  return fields.text + "\n" + source + (source.hasSuffix("\n") ? "" : "\n")
}

package func planCheckText(_ check: PlanCheckBody, wide: Bool) -> String {
  var table = TextTable(["MEMBER", "NODE", "HOLDS", "VOLUMES", "WINDOW", "READY"])
  if wide { table.headings += ["CONTAINER", "QUIESCE", "SNAPSHOT", "FIDELITY"] }
  table.rows = check.members.map { member in
    var row = [
      member.name.text, member.node.text, member.holds.listed, member.volumes.listed,
      member.predictedWindowMilliseconds.map { "~" + $0.millisecondsText } ?? "-",
      member.refusal == nil ? "yes" : "no",
    ]
    if wide {
      row += [
        short(member.container), member.predictedQuiesceMilliseconds?.millisecondsText ?? "-",
        member.predictedSnapshotMilliseconds?.millisecondsText ?? "-",
        member.fidelity.map(fidelityText) ?? "-",
      ]
    }
    return row
  }
  var text = table.text(empty: "the plan has no members")
  text += remarks(check)
  text += "\nattainable: \(check.attainable.rawValue)\n"
  text += "required:   \(check.requires.rawValue)\n"
  if check.hazards.isEmpty {
    text += check.passes ? "nothing keeps the plan from its grade\n" : ""
  } else {
    text += "hazards:\n" + check.hazards.map { "  \($0.printable)\n" }.joined()
  }
  return text
}

private func remarks(_ check: PlanCheckBody) -> String {
  var lines: [String] = []
  for member in check.members {
    if let refusal = member.refusal { lines.append("  \(member.name) refused: \(refusal)") }
    lines += member.remarks.map { "  \(member.name): \($0)" }
    if let fidelity = member.fidelity, !fidelity.isFull {
      lines += fidelity.reasons.map { "  \(member.name): \($0)" }
    }
  }
  return lines.isEmpty ? "" : "\n" + lines.map { $0.printable + "\n" }.joined()
}

func fidelityText(_ fidelity: Fidelity) -> String {
  let given = [
    fidelity.durableStateConstant ? "F1" : nil, fidelity.acknowledgedIsDurable ? "F2" : nil,
    fidelity.nothingAcknowledged ? "F3" : nil,
  ].compactMap { $0 }
  return given.isEmpty ? "none" : given.joined(separator: "+")
}
