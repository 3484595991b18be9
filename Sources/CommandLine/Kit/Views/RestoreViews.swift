internal import Model
package import OperatorWire

package func restoreTable(_ restores: [RestoreBody], wide: Bool) -> String {
  var table = TextTable(["RESTORE", "BACKUP", "STARTED", "STATE", "VOLUMES", "TO"])
  if wide { table.headings += ["BY", "TOOK", "REASON"] }
  table.rows = restores.map { restore in
    var row = [
      restore.id.text, restore.backup.text, restore.createdAt.toSecond, restore.state.rawValue,
      "\(restore.steps.filter { $0.restored != nil }.count)/\(restore.steps.count)",
      restore.objects.map { $0.targets.listed } ?? restore.into ?? "original places",
    ]
    if wide {
      row += [
        restore.createdBy, restore.endedAt.map { ($0 - restore.createdAt).shortText } ?? "-",
        restore.reason ?? "-",
      ]
    }
    return row
  }
  return table.text(
    empty: "there is no restore; start one with: stillpoint restore create BACKUP")
}

package func restoreText(_ restore: RestoreBody, wide: Bool) -> String {
  var fields = FieldList()
  fields.add("restore", restore.id.text)
  fields.add("backup", restore.backup.text)
  if let objects = restore.objects {
    fields.add("to", counted(objects.targets.count, "namespace") + ": " + objects.targets.listed)
    fields.add("services", objects.services?.map(\.text).listed)
    fields.add("objects", "\(objects.done) of \(objects.total); \(objects.phase)")
  } else {
    fields.add("to", restore.into.map { "\($0), beside the originals" } ?? "original places")
  }
  fields.add("started", "\(restore.createdAt.toSecond) by \(restore.createdBy)")
  fields.add(
    "ended",
    restore.endedAt.map { "\($0.toSecond), after \(($0 - restore.createdAt).shortText)" }
      ?? "not yet")
  fields.add("state", restore.state.rawValue)
  fields.add("because", restore.reason)
  if let objects = restore.objects { return fields.text + hookText(objects.hooks ?? []) }
  var table = TextTable(["MEMBER", "NODE", "VOLUME OF", "PUBLISHED AT"])
  if wide { table.headings += ["DRIVER", "SNAPSHOT", "NEW VOLUME"] }
  table.rows = restore.steps.map { step in
    var row = [
      step.member.text, step.node.text, step.containerPath,
      step.restored?.publishedAt ?? (restore.state == .running ? "waiting" : "not restored"),
    ]
    if wide {
      row += [step.driver.text, step.snapshot.text, step.restored?.handle.text ?? "-"]
    }
    return row
  }
  return fields.text + "\n" + table.text(empty: "nothing is to be restored")
}

/// What became of the plan's commands; nothing where there are none.
private func hookText(_ hooks: [RestoreHookBody]) -> String {
  guard !hooks.isEmpty else { return "" }
  let table = TextTable(
    ["HOOK", "PLACE", "STATE", "ENDED", "WORDS"],
    rows: hooks.map {
      ["\($0.service)/\($0.number)", $0.place ?? "-", $0.state, $0.endedAt.toSecond, $0.words]
    })
  return "\n" + table.text(empty: "")
}

/// What a restore of objects would do, in its order.
package func actionTable(_ actions: [ObjectActionBody]) -> String {
  let table = TextTable(
    ["STAGE", "ACTION", "KIND", "NAMESPACE", "NAME", "NOTE"],
    rows: actions.map {
      [$0.stage, $0.action, $0.resource, $0.namespace ?? "-", $0.name, $0.note ?? ""]
    })
  return table.text(empty: "the backup has no objects to restore")
}
