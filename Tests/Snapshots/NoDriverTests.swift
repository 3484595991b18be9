import Snapshots
import Testing

struct `A node without drivers` {
  @Test(.timeLimit(.minutes(5)))
  func `keeps its connections, of which there are none, until it is told to stop`()
    async throws
  {
    let drivers = try CSIDrivers([])
    let first = try await withThrowingTaskGroup(of: String.self) { group in
      group.addTask {
        try await drivers.run()
        return "ended"
      }
      group.addTask {
        try await ContinuousClock().sleep(for: .milliseconds(100))
        return "waited"
      }
      let first = try await group.next()
      drivers.stop()
      #expect(try await group.next() == "ended")
      return first
    }
    #expect(first == "waited")
  }
}
