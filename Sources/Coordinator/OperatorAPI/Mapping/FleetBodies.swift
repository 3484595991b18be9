internal import CoordinatorCore
internal import CutProtocol
internal import Model
internal import OperatorWire

extension StatusBody {
  init(_ status: FleetStatus) {
    self.init(
      fleet: status.fleet, version: status.version, epoch: status.epoch,
      startedAt: status.startedAt, nodes: status.nodes.map(NodeBody.init),
      services: status.services.map(ServiceBody.init), running: status.running,
      waiting: status.waiting.sorted { $0.key < $1.key }.map {
        Waiting(backup: $0.key, waitsFor: $0.value)
      }, openClean: status.openClean)
  }
}

extension NodeBody {
  init(_ node: NodeStatus) {
    let connection: NodeBody.Connection =
      switch node.connection {
      case .connected: .connected
      case .away: .away
      case .revoked: .revoked
      }
    self.init(
      name: node.record.id, connection: connection, enrolledAt: node.record.enrolledAt,
      revokedAt: node.record.revokedAt, lastSeen: node.record.lastSeen,
      observedThrough: node.record.observedThrough, agentVersion: node.record.agentVersion,
      placements: node.placements, held: node.held.map(HeldBody.init), troubles: node.troubles)
  }
}

extension HeldBody {
  init(_ held: AgentHeartbeat.Held) {
    self.init(
      member: held.member, fence: "\(held.fence)", hold: "\(held.hold)",
      heldMilliseconds: held.age.duration.inMilliseconds)
  }
}

extension ServiceBody {
  init(_ service: ServiceStatus) {
    self.init(
      name: service.service.name, namespace: service.service.namespace, kind: service.kind,
      placements: service.placements, plans: service.plans, lastGood: service.lastGood,
      lastGoodAt: service.lastGoodAt)
  }
}

extension IntervalBody {
  init(_ interval: PlacementInterval) {
    self.init(
      placement: interval.placement, from: interval.from, to: interval.to,
      ended: interval.ended?.text)
  }
}

extension WhereaboutsBody {
  init(_ answer: Whereabouts, of service: ServiceID, at time: Timestamp) {
    self.init(
      service: service.name, namespace: service.namespace, time: time,
      found: answer.found.map(IntervalBody.init),
      unknown: answer.unknown.map { Gap(node: $0.node, from: $0.from, to: $0.to) })
  }
}

extension AuditBody {
  init(_ entry: AuditEntry) {
    self.init(
      time: entry.time, actor: entry.actor, action: entry.action, object: entry.object,
      detail: entry.detail)
  }
}
