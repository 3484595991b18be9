package import Model
package import OperatorWire

package func serviceTable(_ services: [ServiceBody], now: Timestamp, wide: Bool) -> String {
  var table = TextTable(["SERVICE", "RUNS ON", "PLANS", "LAST GOOD BACKUP", "AGE"])
  if wide { table.headings += ["CONTAINERS", "IMAGES"] }
  table.rows = services.map { service in
    var row = [
      service.name.text,
      service.placements.isEmpty
        ? "not running" : Set(service.placements.map(\.node.text)).sorted().listed,
      service.plans.isEmpty ? "unprotected" : service.plans.map(\.text).listed,
      service.lastGood?.text ?? "none",
      service.lastGoodAt.map { max(now - $0, .zero).shortText } ?? "-",
    ]
    if wide {
      row += [
        service.placements.map { short($0.container) }.listed,
        Set(service.placements.map(\.image)).sorted().listed,
      ]
    }
    return row
  }
  return table.text(empty: "no service was seen yet")
}

package func serviceText(_ service: ServiceBody, now: Timestamp, wide: Bool) -> String {
  var fields = FieldList()
  fields.add("service", service.name.text)
  fields.add(
    "plans", service.plans.isEmpty ? "none: unprotected" : service.plans.map(\.text).listed)
  fields.add(
    "last good backup",
    service.lastGood.map { id in
      "\(id)" + (service.lastGoodAt.map { ", \(ago($0, now))" } ?? "")
    } ?? "none")
  return fields.text + "\n" + placementTable(service.placements, wide: wide)
}

/// Where it was, and what nobody knows.
package func whereaboutsText(_ answer: WhereaboutsBody, wide: Bool) -> String {
  var text = "\(answer.service) at \(answer.time.toSecond)\n\n"
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
  if wide { table.headings += ["NAMESPACE", "IMAGE", "DIGEST"] }
  table.rows = intervals.map { interval in
    let placement = interval.placement
    var row = [
      placement.node.text, short(placement.container), placement.pod, interval.from.toSecond,
      interval.to?.toSecond ?? "now", interval.ended ?? "-",
    ]
    if wide {
      row += [
        placement.namespace, placement.image,
        placement.imageDigest.isEmpty ? "-" : placement.imageDigest,
      ]
    }
    return row
  }
  return table.text(empty: empty)
}
