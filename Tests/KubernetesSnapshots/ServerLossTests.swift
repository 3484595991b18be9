import AgentCore
import ClusterTesting
import CutProtocol
import KubernetesClient
import Model
import Testing

@testable import KubernetesSnapshots

/// An API server that goes away in the middle of a cut.
struct ServerLossTests {
  private static let ofAgent: @Sendable (APICall) -> Bool = {
    $0.headers["user-agent"] == "stillpoint"
  }

  private static let creation: @Sendable (APICall) -> Bool = {
    ofAgent($0) && $0.method == "POST" && $0.path.last == "volumesnapshots"
  }

  @Test func `a creation whose answer is lost is found by its name`() async throws {
    try await ClusterBench.with { bench in
      let volume = await bench.claim("a")
      try await bench.prepare([volume])
      await bench.api.inject(Fault(.dropAfterwards, where: Self.creation))
      #expect(try await bench.cut().count == 1)
      #expect(await bench.snapshots().count == 1)
      await bench.cluster.discard(ClusterBench.name())
    }
  }

  @Test func `a cut without an answer ends within its cap, and its late snapshot is deleted`()
    async throws
  {
    var settings = ClusterBench.patient
    settings.lostRequest = .milliseconds(500)
    try await ClusterBench.with(settings: settings) { bench in
      let volume = await bench.claim("a")
      let cap = Duration.seconds(1)
      try await bench.prepare([volume], ClusterBench.planned([volume], cap: cap))
      // Carried out, but nobody learns; from then on nothing is answered at all.
      await bench.api.inject(Fault(.dropAfterwards, where: Self.creation))
      await bench.api.inject(Fault(.drop, times: nil, where: Self.ofAgent))
      let begun = ContinuousClock.now
      _ = await #expect(throws: CutProtocol.Refusal.self) { try await bench.cut() }
      let taken = ContinuousClock.now - begun
      print("cut given up after \(taken) of a cap of \(cap)")
      #expect(taken < cap + .seconds(4))
      await bench.cluster.discard(ClusterBench.name())
      #expect(await bench.eventually { !bench.driver.existing.isEmpty })
      await #expect(throws: CutProtocol.Refusal.self) {
        try await bench.cluster.deleteOrphans([volume], name: ClusterBench.name())
      }
      await bench.api.clearFaults()
      #expect(
        await bench.eventually {
          // Refused until nothing can come any more.
          (try? await bench.cluster.deleteOrphans([volume], name: ClusterBench.name())) != nil
        })
      #expect(bench.driver.existing.isEmpty)
      #expect(await bench.snapshots().isEmpty)
    }
  }

  @Test func `while a lost request may still be carried out, nothing is said to be clean`()
    async throws
  {
    var settings = ClusterBench.patient
    settings.lostRequest = .seconds(8)
    try await ClusterBench.with(settings: settings) { bench in
      let volume = await bench.claim("a")
      try await bench.prepare([volume], ClusterBench.planned([volume], cap: .milliseconds(500)))
      await bench.api.inject(Fault(.silence, where: Self.creation))
      _ = await #expect(throws: CutProtocol.Refusal.self) { try await bench.cut() }
      await bench.cluster.discard(ClusterBench.name())
      let refusal = await #expect(throws: CutProtocol.Refusal.self) {
        try await bench.cluster.deleteOrphans([volume], name: ClusterBench.name())
      }
      #expect(refusal?.code == .busy)
      #expect(refusal?.message.contains("may still be carried out") == true)
      #expect(
        await bench.eventually {
          (try? await bench.cluster.deleteOrphans([volume], name: ClusterBench.name())) == 0
        })
    }
  }

  @Test func `a watch that expires loses no cut`() async throws {
    try await ClusterBench.with { bench in
      let volume = await bench.claim("a")
      try await bench.prepare([volume])
      bench.driver.halt()
      async let records = bench.cut()
      #expect(
        await bench.eventually {
          !(await bench.api.objects(.volumeSnapshotContents)).isEmpty
        })
      await bench.api.compact()
      bench.driver.resume()
      #expect(try await records.count == 1)
      await bench.cluster.discard(ClusterBench.name())
    }
  }
}
