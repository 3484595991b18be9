package import Model
package import OperatorWire

package func agentTable(_ nodes: [NodeBody], now: Timestamp, wide: Bool) -> String {
  var table = TextTable(["NODE", "IDENTITY", "ENROLLED", "LAST SEEN", "VERSION"])
  if wide { table.headings += ["REVOKED"] }
  table.rows = nodes.map { node in
    var row = [
      node.name.text,
      node.connection == .revoked ? "revoked" : "valid, \(node.connection.rawValue)",
      node.enrolledAt.toSecond, ago(node.lastSeen, now), node.agentVersion ?? "-",
    ]
    if wide { row += [node.revokedAt?.toSecond ?? "-"] }
    return row
  }
  return table.text(
    empty: "no agent is enrolled; make a token with: stillpoint agent token create --node NODE")
}

package func auditTable(_ entries: [AuditBody]) -> String {
  let table = TextTable(
    ["TIME", "WHO", "DID", "WHAT", "DETAIL"],
    rows: entries.map {
      [$0.time.toSecond, $0.actor, $0.action, $0.object, $0.detail.isEmpty ? "-" : $0.detail]
    })
  return table.text(empty: "nothing was done yet")
}
