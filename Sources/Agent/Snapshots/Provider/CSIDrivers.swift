package import CutProtocol
package import Model

/// The CSI drivers of this node, by name.
package struct CSIDrivers: Sendable {
  package let all: [DriverName: CSIDriver]
  /// Ends with `stop`.
  private let life = AsyncStream<Never>.makeStream()

  /// Refuses two drivers of one name.
  package init(
    _ configurations: [CSIDriverConfiguration], limits: CSITimeLimits = CSITimeLimits()
  ) throws(Refusal) {
    var all: [DriverName: CSIDriver] = [:]
    for configuration in configurations {
      guard all[configuration.name] == nil else {
        throw Refusal(.hazard, "driver \(configuration.name) is configured twice")
      }
      do throws(CSIError) {
        all[configuration.name] = try CSIDriver(configuration, limits: limits)
      } catch {
        throw error.refusal
      }
    }
    self.all = all
  }

  /// Keeps the connections until the task is cancelled, or until `stop`. Calls wait for it.
  package func run() async throws {
    // A node has none where all volumes go through its cluster; whoever runs this counts on it to last all the same.
    guard !all.isEmpty else {
      for await _ in life.stream {}
      return
    }
    try await withThrowingDiscardingTaskGroup { group in
      for driver in all.values { group.addTask { try await driver.run() } }
    }
  }

  /// Ends `run` once the calls under way are answered.
  package func stop() {
    life.continuation.finish()
    for driver in all.values { driver.stop() }
  }

  /// Runs `body` with the connections open, for programs that make a few calls and end.
  package func connected<Value: Sendable>(_ body: @Sendable () async throws -> Value)
    async throws -> Value
  {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await self.run() }
      defer { group.cancelAll() }
      return try await body()
    }
  }

  package func driver(_ name: DriverName) throws(Refusal) -> CSIDriver {
    guard let driver = all[name] else {
      let known = all.keys.sorted().map(\.text).joined(separator: ", ")
      throw Refusal(
        .hazard, "no CSI driver \(name) is configured on this node",
        hint: "configured: \(known.isEmpty ? "none" : known)")
    }
    return driver
  }
}
