internal import DemoFleet
internal import Glibc
package import Model
internal import OperatorWire

// Every phase is reached by holding something back, never by waiting for a time: hooks wait at a gate, or a CSI driver is
// stopped before it is asked.
extension Bench {
  /// Begins a backup and returns once its cut stands still in the phase.
  ///
  /// - Parameter forking: the hook that waits has children, in every attempt.
  package func reach(_ phase: Phase, forking: Bool = false) async throws -> BackupID {
    for gate in gates.values { try gate.reset() }
    switch phase {
    case .prepare, .witnessed: otherNode.driver.signal(SIGSTOP)
    case .freeze: try gate(of: .files).close(.pre, forking: forking)
    case .held: try gate(of: .gate).close(.pre, forking: forking)
    case .thaw: try gate(of: .files).close(.post, forking: forking)
    case .certify: try gate(of: .gate).close(.post, forking: forking)
    }
    let id = try await stillpoint.beginBackup(of: Self.plan)
    let log = fleet.coordinator.daemon.log
    switch phase {
    case .prepare:
      try await waitUntil(id, says: "prepared", of: [.orders, .files, .payments, .gate])
    case .witnessed:
      try await waitUntil(id, says: "prepared", of: [.orders, .files, .payments, .gate])
      for node in [fleet.nodes[0], fleet.nodes[1]] { node.driver.signal(SIGSTOP) }
      otherNode.driver.signal(SIGCONT)
      try await waitUntil(id, says: "witnessed")
    case .freeze:
      try await gate(of: .files).waitUntilReached(.pre, log: log)
      try await waitUntil(id, says: "held", of: [.orders, .payments, .cart, .gate])
    case .held:
      try await gate(of: .gate).waitUntilReached(.pre, log: log)
      try await waitUntil(id, says: "held", of: [.orders, .files, .payments, .cart])
    case .thaw:
      try await gate(of: .files).waitUntilReached(.post, log: log)
    case .certify:
      try await gate(of: .gate).waitUntilReached(.post, log: log)
      try await waitUntil(id, says: "certificate stored", of: [.orders, .files, .payments, .cart])
    }
    return id
  }

  /// Lets the cut go on, as far as the fault itself does not hold it back.
  func release(_ cell: Cell) {
    if cell.fault != .hookHangs, cell.fault != .hookForks {
      for gate in gates.values {
        gate.open(.pre)
        gate.open(.post)
      }
    }
    for node in fleet.nodes {
      if cell.fault == .stop(.driver), node.name == struckNode.name { continue }
      node.driver.signal(SIGCONT)
    }
  }

  private func waitUntil(_ id: BackupID, says text: String) async throws {
    try await waitUntil(id, "'\(text)'") { lines in lines.contains { $0.text.contains(text) } }
  }

  private func waitUntil(_ id: BackupID, says text: String, of members: [Member]) async throws {
    let names = members.map(\.rawValue)
    try await waitUntil(id, "'\(text)' of \(names.joined(separator: ", "))") { lines in
      let said = lines.filter { $0.text.contains(text) }.compactMap(\.member?.text)
      return Set(names).isSubset(of: said)
    }
  }

  private func waitUntil(
    _ id: BackupID, _ what: String, _ isSaid: ([LogLine]) -> Bool
  ) async throws {
    try await DemoFleet.waitUntil(
      what + " in the log of \(id)", within: .seconds(30), every: .milliseconds(20),
      log: fleet.coordinator.daemon.log
    ) {
      let lines = try await stillpoint.ask(["backup", "logs", id.text], as: Items<LogLine>.self)
      // Another attempt means that the first one has passed the phase, or failed before it.
      if let failed = lines.items.first(where: { $0.text.hasPrefix("attempt 1 failed") }) {
        throw DemoError("backup \(id) failed before its phase was reached: \(failed.text)")
      }
      return isSaid(lines.items)
    }
  }
}
