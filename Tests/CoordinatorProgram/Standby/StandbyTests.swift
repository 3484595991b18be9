import Catalog
import ClusterTesting
import DemoFleet
import Foundation
import KubernetesClient
import OperatorWire
import Testing

@Suite(.serialized)
struct StandbyTests {
  private static let standby = LeasedProgram.Health(
    isLive: true, isReady: false, role: "standby")
  private static let active = LeasedProgram.Health(isLive: true, isReady: true, role: "active")

  @Test(.timeLimit(.minutes(5)))
  func `a coordinator whose lease another takes stands by, and comes back above its successor`()
    async throws
  {
    try await LeasedProgram.with { program in
      try program.daemon.start()
      try await program.wait(until: "active")
      #expect(await program.health() == Self.active)
      let pid = try #require(program.daemon.pid)
      #expect(try await program.status().epoch == 1)

      await program.takeLease()
      try await program.wait(until: "standby")
      #expect(await program.health() == Self.standby)
      for port in [program.fleetPort, program.enrolmentPort, program.apiPort] {
        #expect(!program.isListening(on: port))
      }
      // Another one can open the catalog, and does.
      let catalog = try Catalog(path: program.state + "/catalog.sqlite")
      #expect(try await catalog.beginEpoch() == 2)
      try catalog.close()
      #expect(await program.leaseHolder() == "other")

      await program.giveLeaseBack()
      try await program.wait(until: "active")
      #expect(await program.health() == Self.active)
      #expect(try await program.status().epoch == 3)
      #expect(program.daemon.pid == pid)
      #expect(await program.leaseHolder() != "other")

      #expect(try await program.daemon.stop(within: .seconds(30)))
      // Released: the next one need not wait.
      #expect(await program.leaseHolder() == "")
      #expect(program.count(of: "critical") == 0)
    }
  }

  @Test(.timeLimit(.minutes(5)))
  func `an API server that is away ends the term, and one that comes back begins the next at once`()
    async throws
  {
    try await LeasedProgram.with { program in
      try program.daemon.start()
      try await program.wait(until: "active")
      await program.cluster.api.inject(Fault(.drop, times: nil))
      try await program.wait(until: "standby")
      #expect(program.count(of: "could not be renewed for") == 1)
      #expect(await program.health() == Self.standby)

      let back = ContinuousClock.now
      await program.cluster.api.clearFaults()
      try await program.wait(until: "active")
      // The lease is still its own: it need not wait for it to run out.
      #expect(ContinuousClock.now - back < .seconds(12))
      #expect(try await program.status().epoch == 2)
    }
  }

  @Test(.timeLimit(.minutes(8)))
  func `ten terms in one process leave neither files nor threads behind`() async throws {
    try await LeasedProgram.with { program in
      try program.daemon.start()
      try await program.wait(until: "active")
      var afterTwo: (files: Int, threads: Int)?
      for term in 1...10 {
        #expect(try await program.status().epoch == UInt64(term))
        // Nobody's silence keeps a term from ending.
        let silent = [program.fleetPort, program.enrolmentPort, program.apiPort].compactMap {
          SilentConnection(to: $0)
        }
        #expect(silent.count == 3)
        await program.deleteLease()
        try await program.wait(for: "coordinator stepped down", times: term)
        for connection in silent { connection.close() }
        try await program.wait(for: "lease acquired", times: term + 1)
        try await program.wait(until: "active")
        if term == 2 { afterTwo = try program.resources() }
      }
      let two = try #require(afterTwo)
      // Connections to the API server and threads come and go; nothing of each term may stay.
      try await waitUntil("the end of what the terms opened", within: LeasedProgram.limit) {
        let now = try program.resources()
        return now.files <= two.files + 6 && now.threads <= two.threads + 6
      }
      #expect(program.count(of: "critical") == 0)
    }
  }

  @Test(.timeLimit(.minutes(3)))
  func `a standby that is told to stop does so at once`() async throws {
    try await LeasedProgram.with { program in
      await program.cluster.api.put(
        KubernetesObject(
          .leases, name: "stillpoint-coordinator", namespace: "stillpoint",
          fields: ["spec": ["holderIdentity": "other", "leaseDurationSeconds": 3600]]),
        as: .leases)
      try program.daemon.start()
      try await program.wait(for: "standing by")
      #expect(await program.health() == Self.standby)
      // It has touched nothing that the active one may be using.
      #expect(!FileManager.default.fileExists(atPath: program.state + "/catalog.sqlite"))
      #expect(try await program.daemon.stop(within: .seconds(20)))
      #expect(await program.leaseHolder() == "other")
      #expect(program.count(of: "critical") == 0)
    }
  }

  @Test(.timeLimit(.minutes(3)))
  func `a coordinator that is told to stop while it steps down does not stand by any more`()
    async throws
  {
    try await LeasedProgram.with { program in
      try program.daemon.start()
      try await program.wait(until: "active")
      // Makes the step-down last.
      let silent = try #require(SilentConnection(to: program.apiPort))
      defer { silent.close() }
      await program.takeLease()
      try await program.wait(for: "coordinator steps down")
      #expect(await program.probe("readyz")?.status == 503)
      #expect(try await program.daemon.stop(within: .seconds(25)))
      #expect(program.count(of: "lease acquired") == 1)
      #expect(program.count(of: "standing by") == 0)
      #expect(program.count(of: "critical") == 0)
      #expect(await program.leaseHolder() == "other")
      // The catalog is whole and free.
      try Catalog(path: program.state + "/catalog.sqlite").close()
    }
  }
}
