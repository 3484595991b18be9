package import Model
package import OperatorWire

package func serviceTable(_ services: [ServiceBody], now: Timestamp, wide: Bool) -> String {
  var table = TextTable([
    "SERVICE", "NAMESPACE", "KIND", "RUNS ON", "PLANS", "LAST GOOD BACKUP", "AGE",
  ])
  if wide { table.headings += ["OWNERS", "CONTAINERS", "IMAGES"] }
  table.rows = services.map { service in
    var row = [
      service.name.text, service.namespace.isEmpty ? "-" : service.namespace, service.kind ?? "-",
      service.placements.isEmpty
        ? "not running" : Set(service.placements.map(\.node.text)).sorted().listed,
      service.plans.isEmpty ? "unprotected" : service.plans.map(\.text).listed,
      service.lastGood?.text ?? "none",
      service.lastGoodAt.map { max(now - $0, .zero).shortText } ?? "-",
    ]
    if wide {
      row += [
        owners(service.placements).listed, service.placements.map { short($0.container) }.listed,
        Set(service.placements.map(\.image)).sorted().listed,
      ]
    }
    return row
  }
  return table.text(empty: "no service was seen yet")
}

extension ServiceBody {
  /// What ran once and is not meant to run again: there are many of them where Jobs are made by hand or by a pipeline.
  var isOver: Bool { placements.isEmpty && (kind == "Job" || kind == "Pod") }
}

package func serviceText(_ service: ServiceBody, now: Timestamp, wide: Bool) -> String {
  var fields = FieldList()
  fields.add("service", service.name.text)
  if !service.namespace.isEmpty { fields.add("namespace", service.namespace) }
  let owners = owners(service.placements)
  for owner in owners { fields.add("owner", owner) }
  if owners.isEmpty { fields.add("kind", service.kind) }
  let environments = Set(service.placements.compactMap(\.workload?.environment?.rawValue))
  for environment in environments.sorted() { fields.add("environment", environment) }
  fields.add(
    "plans", service.plans.isEmpty ? "none: unprotected" : service.plans.map(\.text).listed)
  fields.add(
    "last good backup",
    service.lastGood.map { id in
      "\(id)" + (service.lastGoodAt.map { ", \(ago($0, now))" } ?? "")
    } ?? "none")
  let claims = claimTable(service.placements)
  return fields.text + "\n" + placementTable(service.placements, wide: wide)
    + (claims.rows.isEmpty ? "" : "\n" + claims.text(empty: ""))
}

/// What the pods belong to, with its namespace, as far as a cluster told.
private func owners(_ placements: [Placement]) -> [String] {
  Set(
    placements.compactMap { placement in
      placement.workload.map { "\($0.owner) in \(placement.namespace)" }
    }
  ).sorted()
}

/// One row for each claim of each pod.
private func claimTable(_ placements: [Placement]) -> TextTable {
  var table = TextTable(["CLAIM", "POD", "VOLUME", "DRIVER", "HANDLE"])
  let rows = placements.flatMap { placement in
    (placement.workload?.claims ?? []).map { claim in
      [
        claim.name, placement.pod, claim.volume ?? "not bound", claim.driver ?? "-",
        claim.handle ?? "-",
      ]
    }
  }
  // Two containers of a pod share its claims.
  table.rows = Set(rows).sorted { $0.lexicographicallyPrecedes($1) }
  return table
}

/// Where it was, and what nobody knows.
package func whereaboutsText(_ answer: WhereaboutsBody, wide: Bool) -> String {
  let place = answer.namespace.isEmpty ? "" : " in \(answer.namespace)"
  var text = "\(answer.service)\(place) at \(answer.time.toSecond)\n\n"
  text += intervalTable(
    answer.found, wide: wide, empty: "no container of it is known to have run then")
  guard !answer.unknown.isEmpty else { return text }
  text += "\nunknown, since nobody watched these nodes:\n"
  for gap in answer.unknown {
    text +=
      "  \(gap.node)  from \(gap.from.toSecond) "
      + (gap.to.map { "to \($0.toSecond)" } ?? "until now") + "\n"
  }
  return text
}

package func intervalTable(_ intervals: [IntervalBody], wide: Bool, empty: String) -> String {
  var table = TextTable(["NODE", "CONTAINER", "POD", "FROM", "TO", "ENDED"])
  if wide { table.headings += ["NAMESPACE", "OWNER", "IMAGE", "DIGEST"] }
  table.rows = intervals.map { interval in
    let placement = interval.placement
    var row = [
      placement.node.text, short(placement.container), placement.pod, interval.from.toSecond,
      interval.to?.toSecond ?? "now", interval.ended ?? "-",
    ]
    if wide {
      row += [
        placement.namespace, placement.workload?.owner ?? "-", placement.image,
        placement.imageDigest.isEmpty ? "-" : placement.imageDigest,
      ]
    }
    return row
  }
  return table.text(empty: empty)
}
