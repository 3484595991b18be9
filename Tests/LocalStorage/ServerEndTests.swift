import StorageTesting
import Testing

@Suite(.enabled(if: TestStorage.isPossible), .serialized)
struct ServerEndTests {
  @Test func `a driver that is stopped while it starts ends like any other`() async throws {
    try await TestStorage.with { storage in
      for _ in 0..<25 { try await storage.serve {} }
    }
  }
}
