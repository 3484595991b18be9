package import CutProtocol
package import Model
package import OperatorWire

package func backupTable(_ backups: [BackupBody], wide: Bool) -> String {
  var table = TextTable(["BACKUP", "PLAN", "STARTED", "GRADE", "MEETS PLAN", "MEMBERS", "WINDOW"])
  if wide { table.headings += ["ENVIRONMENT", "REQUIRES", "ATTEMPTS", "BY", "TOOK"] }
  table.rows = backups.map { backup in
    var row = [
      backup.id.text, backup.plan.text, backup.createdAt.toSecond, gradeText(backup),
      backup.meetsPlan.map { $0 ? "yes" : "no" } ?? "-", "\(backup.members.count)",
      backup.window?.milliseconds.millisecondsText ?? "-",
    ]
    if wide {
      row += [
        backup.environment.rawValue, backup.requires.rawValue, "\(backup.attempts)",
        backup.createdBy, backup.endedAt.map { ($0 - backup.createdAt).shortText } ?? "-",
      ]
    }
    return row
  }
  return table.text(empty: "there is no backup; take one with: stillpoint backup create PLAN")
}

func gradeText(_ backup: BackupBody) -> String {
  switch backup.state {
  case .running: backup.waitsFor == nil ? "running" : "waiting"
  case .deleting: "deleting"
  case .ended:
    (backup.verdict?.grade.rawValue ?? "-") + (backup.verdict?.drained == true ? ", drained" : "")
  }
}

/// A backup's facts without its timeline.
package func backupText(_ backup: BackupBody, wide: Bool) -> String {
  var fields = FieldList()
  fields.add("backup", backup.id.text)
  fields.add("plan", "\(backup.plan), \(backup.environment.rawValue), \(backup.policy.rawValue)")
  fields.add("started", "\(backup.createdAt.toSecond) by \(backup.createdBy)")
  fields.add(
    "ended",
    backup.endedAt.map {
      "\($0.toSecond), after \(($0 - backup.createdAt).shortText) and "
        + counted(backup.attempts, "attempt")
    } ?? "not yet")
  fields.add("grade", gradeText(backup))
  fields.add("waits for", backup.waitsFor)
  fields.add("required", requiredText(backup))
  fields.add("because", backup.verdict?.sentence)
  fields.add(
    "window", backup.window.map { "\($0.milliseconds.millisecondsText), longest at \($0.slowest)" })
  for finding in backup.verdict?.findings ?? [] {
    fields.add("finding", "\(finding.member): \(finding.finding)")
  }
  if let manifests = backup.manifests { add(manifests, to: &fields) }
  return fields.text + "\n" + memberTable(backup.members, wide: wide)
    + (backup.manifests.map { kindTable($0) } ?? "")
}

private func requiredText(_ backup: BackupBody) -> String {
  let required = backup.requires.rawValue
  guard backup.meetsPlan == false else { return required }
  guard let grade = backup.verdict?.grade, grade >= backup.requires else {
    return required + ": not met"
  }
  return required + ": met, but manifests that the plan requires are missing"
}

private func add(_ manifests: ManifestSummaryBody, to fields: inout FieldList) {
  let count = manifests.kinds.reduce(0) { $0 + $1.count }
  let proved = manifests.kinds.reduce(0) { $0 + $1.proved }
  let objects = "\(counted(count, "object")), \(proved) proved to be as at the witness"
  switch manifests.state {
  case "complete", "partial":
    fields.add("manifests", "\(manifests.state): \(objects)")
    fields.add("but", manifests.reason)
  default: fields.add("manifests", [manifests.state, manifests.reason].compactMap(\.self).listed)
  }
  for skipped in manifests.skipped {
    let place = skipped.namespace.map { " in \($0)" } ?? ""
    fields.add("not read", "\(skipped.resource)\(place): \(skipped.reason)")
  }
}

private func kindTable(_ manifests: ManifestSummaryBody) -> String {
  guard !manifests.kinds.isEmpty else { return "" }
  let table = TextTable(
    ["KIND", "OBJECTS", "AS AT THE WITNESS"],
    rows: manifests.kinds.map { [$0.resource, "\($0.count)", "\($0.proved)"] })
  return "\n" + table.text(empty: "")
}

private func memberTable(_ members: [BackupBody.Member], wide: Bool) -> String {
  var table = TextTable(["MEMBER", "NODE", "HELD FOR", "SNAPSHOTS"])
  if wide { table.headings += ["NAMESPACE", "OWNER", "GROUP", "DRIVER", "SIZE"] }
  table.rows = members.map { member in
    var row = [
      member.name.text, member.node.text, member.windowMilliseconds?.millisecondsText ?? "-",
      member.leftOut.map { "left out: \($0)" }
        ?? member.snapshots.map { snapshot in
          "\(snapshot.containerPath) → \(snapshot.snapshot)"
            + (snapshot.takenBy.map { " (by \($0))" } ?? "")
        }.listed,
    ]
    if wide {
      row += [
        member.namespace.isEmpty ? "-" : member.namespace, member.owner ?? "-",
        "\(member.group)", Set(member.snapshots.map(\.driver.text)).sorted().listed,
        byteText(member.snapshots.map(\.sizeBytes).reduce(0, +)),
      ]
    }
    return row
  }
  return table.text(empty: "the backup has no members")
}

package func logText(_ lines: [LogLine]) -> String {
  let table = TextTable(
    ["TIME", "MEMBER", "EVENT"],
    rows: lines.map { [$0.time.description, $0.member?.text ?? "-", $0.text] })
  return table.text(empty: "the log has no lines")
}

/// What a verification concluded.
package func verdictText(
  _ verdict: Verdict, of backup: String, requires: Grade?, snapshots: [SnapshotStandingBody] = [],
  notAsked: String? = nil
) -> String {
  var fields = FieldList()
  fields.add("backup", backup)
  fields.add("grade", verdict.grade.rawValue + (verdict.drained ? ", drained" : ""))
  fields.add(
    "required",
    requires.map { $0.rawValue + (verdict.grade >= $0 ? ": met" : ": not met") })
  fields.add("because", verdict.sentence)
  for finding in verdict.findings {
    fields.add("finding", "\(finding.member) (\(finding.grade.rawValue)): \(finding.finding)")
  }
  add(snapshots, to: &fields)
  fields.add("not known", notAsked)
  return fields.text
}

private func add(_ snapshots: [SnapshotStandingBody], to fields: inout FieldList) {
  guard !snapshots.isEmpty else { return }
  let there = snapshots.count { $0.state == .there }
  fields.add("snapshots", "\(there) of \(snapshots.count) there")
  for snapshot in snapshots where snapshot.state == .missing {
    fields.add(
      "missing",
      "\(snapshot.snapshot) of \(snapshot.driver) on \(snapshot.node), \(snapshot.containerPath) of \(snapshot.member)"
    )
  }
  let unknown = snapshots.filter { $0.state == .unknown }
  for (reason, alike) in Dictionary(grouping: unknown, by: { $0.reason ?? "-" })
    .sorted(by: { $0.key < $1.key })
  {
    fields.add("not known", "\(counted(alike.count, "snapshot")): \(reason)")
  }
}
