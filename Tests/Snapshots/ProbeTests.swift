import CutProtocol
import Foundation
import LinuxSystem
import Logging
import Model
import Snapshots
import StorageTesting
import Testing

@Suite(.serialized, .enabled(if: TestStorage.isPossible)) struct `The probe of a driver` {
  /// Probes a driver with a fault, and answers what was found and what is left.
  private func probe(
    _ fault: MisbehavingDriver.Fault,
    _ check: (ProbeFindings, TestStorage) async throws -> Void
  ) async throws {
    try await TestStorage.with { storage in
      try await storage.serve {
        let socket = "\(storage.directory)/fault.sock"
        try await MisbehavingDriver(fault, of: storage.socket, at: socket).serve {
          let provider = try provider(storage, socket: socket)
          let findings = try await provider.drivers.connected {
            try await provider.probe(Self.order)
          }
          print(
            "probe: \(fault): \(findings.outcome.rawValue), \(findings.checks.map { "\($0.rule.rawValue) \($0.kept.map(String.init) ?? "-")" }), \(findings.obstacle ?? "no obstacle")"
          )
          try await check(findings, storage)
        }
      }
    }
  }

  private static let order = DriverProbe(
    probe: ProbeID(accepted: "probe-1"), driver: ProviderFixture.driver)

  private func provider(_ storage: TestStorage, socket: String? = nil) throws
    -> CSISnapshotProvider
  {
    var logger = Logger(label: "test", factory: StreamLogHandler.standardError(label:))
    logger.logLevel = .critical
    return CSISnapshotProvider(
      drivers: try CSIDrivers([ProviderFixture.configuration(socket ?? storage.socket)]),
      probeDirectory: "\(storage.directory)/probes", logger: logger)
  }

  /// What lies in the pool and below the probes' directory, mounts included.
  private func leftovers(_ storage: TestStorage) throws -> [String] {
    let files = FileManager.default
    let pooled = try ["volumes", "snapshots", "groups"].flatMap {
      try files.contentsOfDirectory(atPath: "\(storage.pool)/\($0)")
    }
    let probes = (try? files.contentsOfDirectory(atPath: "\(storage.directory)/probes")) ?? []
    let mounts = try MountTable.read().entries.map(\.mountPoint).filter {
      $0.hasPrefix("\(storage.directory)/probes/")
    }
    return pooled + probes + mounts
  }

  @Test func `finds that the driver of this project conforms, and leaves nothing behind`()
    async throws
  {
    try await TestStorage.with { storage in
      let provider = try provider(storage)
      try await storage.serve {
        let findings = try await provider.drivers.connected {
          try await provider.probe(Self.order)
        }
        print("probe: \(findings)")
        #expect(findings.outcome == .conforms)
        #expect(findings.checks.map(\.rule) == ProbeFindings.Rule.allCases)
        #expect(findings.checks.allSatisfy { $0.kept == true })
        #expect(findings.cuts.count == 2)
        #expect(findings.leftBehind.isEmpty)
        let left = try leftovers(storage)
        #expect(left == [])
      }
    }
  }

  @Test func `catches a driver that answers before it cuts`() async throws {
    try await probe(.answersBeforeTheCut) { findings, storage in
      #expect(findings.outcome == .violates)
      #expect(findings.checks.first { $0.rule == .laterWrite }?.kept == false)
      #expect(findings.checks.first { $0.rule == .earlierWrite }?.kept == true)
      #expect(findings.leftBehind.isEmpty)
      let left = try leftovers(storage)
      #expect(left == [])
    }
  }

  @Test func `catches a driver that cuts twice for one name`() async throws {
    try await probe(.cutsTwice) { findings, storage in
      #expect(findings.outcome == .violates)
      // The other one of the two stays listed when one is deleted.
      #expect(
        findings.checks.filter { $0.kept == false }.map(\.rule) == [.repeatedName, .listed])
      let left = try leftovers(storage)
      #expect(left == [])
    }
    try await probe(.cutsAnew) { findings, _ in
      #expect(findings.outcome == .violates)
      #expect(findings.checks.filter { $0.kept == false }.map(\.rule) == [.repeatedName])
    }
  }

  @Test func `catches a driver that lists what was deleted`() async throws {
    try await probe(.listsDeleted) { findings, storage in
      #expect(findings.checks.filter { $0.kept == false }.map(\.rule) == [.listed])
      let left = try leftovers(storage)
      #expect(left == [])
    }
  }

  @Test(arguments: [
    (MisbehavingDriver.Fault.makesNoVolumes, "it cannot make volumes"),
    (.restoresNothing, "it makes no volume from a snapshot: content sources are not supported"),
    (.cutsNothing, "it cannot make snapshots"),
  ])
  func `says why a driver cannot be probed`(fault: MisbehavingDriver.Fault, reason: String)
    async throws
  {
    try await probe(fault) { findings, storage in
      #expect(findings.outcome == .notProbed)
      #expect(findings.obstacle?.hasPrefix(reason) == true, "\(findings.obstacle ?? "")")
      let left = try leftovers(storage)
      #expect(left == [])
    }
  }

  @Test(arguments: [0, 40, 150, 400])
  func `that is cancelled takes away what it made`(milliseconds: Int) async throws {
    try await TestStorage.with { storage in
      let provider = try provider(storage)
      try await storage.serve {
        try await provider.drivers.connected {
          await withTaskGroup(of: Void.self) { group in
            group.addTask {
              // What a cancelled trial finds says nothing.
              _ = try? await provider.probe(Self.order)
            }
            try? await Task.sleep(for: .milliseconds(milliseconds))
            group.cancelAll()
          }
        }
        let left = try leftovers(storage)
        #expect(left == [])
      }
    }
  }

  @Test func `that an agent did not survive is taken away by the next one`() async throws {
    try await TestStorage.with { storage in
      let provider = try provider(storage)
      try await storage.serve {
        try await provider.drivers.connected {
          let driver = try provider.drivers.driver(ProviderFixture.driver)
          let bench = try ProbeBench(
            Self.order, driver: driver, directory: "\(storage.directory)/probes/probe-1")
          let source = try await bench.volume("source")
          let (snapshot, _) = try await bench.cut("cut", of: source)
          try bench.note(snapshot, as: "cut")
          _ = try await bench.volume("look", from: snapshot)
          // Asked for, and never answered as far as the inventory knows.
          _ = try await bench.cut("lost", of: source)
          let made = try leftovers(storage)
          #expect(!made.isEmpty)
          #expect(await provider.removeProbes() == [])
          let left = try leftovers(storage)
          #expect(left == [])
        }
      }
    }
  }
}
