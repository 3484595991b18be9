import DemoFleet
import Glibc
import Testing

@Suite(.serialized, .enabled(if: isRoot, needsRoot))
struct SweepTests {
  @Test(.timeLimit(.minutes(15)))
  func `a fleet whose container engine was killed leaves nothing on the machine`() async throws {
    try await withFleetDirectory { directory in
      let fleet = try await Fleet.create(
        in: directory, programs: try ProgramSet(), shopFiles: try shopFiles())
      let node = fleet.nodes[0]
      try await node.engine.start()
      try await node.engine.load(try await ImageSet.build(in: directory.path + "/images"))
      let sleeper = Workload(
        name: "sleeper", command: ["/bin/sleep", "1000"], account: .root, mounts: [])
      let running = try await node.engine.run(sleeper)
      #expect(try await node.engine.isRunning(running))
      try await node.engine.daemon.kill()
      #expect(await Sweep(of: directory).remains().contains { $0.hasPrefix("process") })
    }
  }

  @Test func `two fleets at once have networks apart`() async throws {
    try await withFleetDirectory { one in
      try await withFleetDirectory { other in
        async let first = FleetNetwork.create(for: one)
        async let second = FleetNetwork.create(for: other)
        let subnets = try await [first.subnet, second.subnet]
        #expect(subnets[0] != subnets[1])
      }
    }
  }
}
