import FleetServer
import Testing

struct ServerEndTests {
  @Test func `servers that are stopped while they start end like any other`() async throws {
    let fleet = try TestFleet()
    for _ in 0..<25 {
      let (server, _) = try fleet.server()
      await withTaskGroup(of: Void.self) { group in
        // How it ends is its own matter, that it ends is the test's.
        group.addTask { try? await server.run() }
        group.cancelAll()
      }
    }
  }
}
