package import Model
package import OperatorWire

/// The fleet in one screen.
package func statusText(_ status: StatusBody, now: Timestamp, wide: Bool) -> String {
  var head = FieldList()
  head.add("fleet", status.fleet.text)
  head.add(
    "coordinator",
    "version \(status.version), epoch \(status.epoch), up "
      + (now - status.startedAt).shortText)
  let connected = status.nodes.filter { $0.connection == .connected }.count
  head.add("nodes", "\(connected) of \(status.nodes.count) connected")
  let held = status.nodes.flatMap { node in
    node.held.map { "\($0.member) on \(node.name) for \($0.heldMilliseconds.millisecondsText)" }
  }
  head.add("held now", held.isEmpty ? "nothing" : held.joined(separator: ", "))
  head.add(
    "running", status.running.isEmpty ? "no cut" : status.running.map(\.text).listed)
  for waiting in status.waiting {
    head.add("waiting", "\(waiting.backup) for \(waiting.waitsFor)")
  }
  if status.openClean > 0 {
    head.add(
      "clean-up",
      "\(counted(status.openClean, "member")) of former attempts, snapshots not deleted yet")
  }
  var text = head.text + "\n" + nodeTable(status.nodes, now: now, wide: wide) + "\n"
  let over = status.services.count(where: \.isOver)
  text += serviceTable(status.services.filter { !$0.isOver }, now: now, wide: wide)
  if over > 0 {
    text +=
      "\nnot shown: \(counted(over, "Job or Pod", "Jobs and Pods")) that ended, see 'stillpoint service list'\n"
  }
  let troubles = status.nodes.flatMap { node in node.troubles.map { "\(node.name): \($0)" } }
  if !troubles.isEmpty {
    text += "\ntroubles:\n" + troubles.map { "  \($0.printable)\n" }.joined()
  }
  return text
}

package func nodeTable(_ nodes: [NodeBody], now: Timestamp, wide: Bool) -> String {
  var table = TextTable(["NODE", "AGENT", "LAST SEEN", "CONTAINERS", "HELD", "TROUBLES"])
  if wide { table.headings += ["VERSION", "ENROLLED", "KNOWN THROUGH"] }
  table.rows = nodes.map { node in
    var row = [
      node.name.text, node.connection.rawValue, ago(node.lastSeen, now), "\(node.placements)",
      node.held.map(\.member.text).listed, node.troubles.isEmpty ? "-" : "\(node.troubles.count)",
    ]
    if wide {
      row += [
        node.agentVersion ?? "-", node.enrolledAt.toSecond,
        node.observedThrough?.toSecond ?? "-",
      ]
    }
    return row
  }
  return table.text(
    empty: "no node is enrolled; make a token with: stillpoint agent token create --node NODE")
}

package func nodeText(_ node: NodeBody, placements: [Placement], now: Timestamp, wide: Bool)
  -> String
{
  var fields = FieldList()
  fields.add("node", node.name.text)
  fields.add("agent", node.connection.rawValue)
  fields.add("version", node.agentVersion)
  fields.add("enrolled", node.enrolledAt.toSecond)
  fields.add("revoked", node.revokedAt?.toSecond)
  fields.add("last seen", ago(node.lastSeen, now))
  fields.add("known through", node.observedThrough?.toSecond ?? "nothing was observed yet")
  for held in node.held {
    fields.add(
      "held",
      "\(held.member) for \(held.heldMilliseconds.millisecondsText), hold \(held.hold), "
        + "fence \(held.fence)")
  }
  for trouble in node.troubles { fields.add("trouble", trouble) }
  return fields.text + "\n" + placementTable(placements, wide: wide)
}

package func placementTable(_ placements: [Placement], wide: Bool) -> String {
  var table = TextTable(["SERVICE", "NODE", "CONTAINER", "NAME", "POD", "SINCE", "VOLUMES"])
  if wide { table.headings += ["NAMESPACE", "OWNER", "PID", "IMAGE", "DIGEST"] }
  table.rows = placements.map { placement in
    var row = [
      placement.serviceID.name.text, placement.node.text, short(placement.container),
      placement.containerName, placement.pod, placement.startedAt.toSecond,
      placement.mounts.filter { $0.volume != nil }.map(\.containerPath).listed,
    ]
    if wide {
      row += [
        placement.namespace, placement.workload?.owner ?? "-",
        placement.pid.map { "\($0)" } ?? "-", placement.image,
        placement.imageDigest.isEmpty ? "-" : placement.imageDigest,
      ]
    }
    return row
  }
  return table.text(empty: "no container runs")
}

/// Runtimes show the first twelve characters of their IDs.
func short(_ container: ContainerID) -> String { String(container.text.prefix(12)) }

func ago(_ time: Timestamp?, _ now: Timestamp) -> String {
  guard let time else { return "never" }
  // Two machines' clocks: a moment in the future is only ever the present.
  return max(now - time, .zero).shortText + " ago"
}
