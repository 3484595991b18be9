import AgentCore
import CutProtocol
import Foundation
import LinuxSystem
import Model
import Testing

struct AgentLedgerTests {
  private func withDirectory<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("ledger-test-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
  }

  private func member(_ name: String) throws -> MemberPlan {
    MemberPlan(
      name: try ServiceName(name), node: try NodeID("node-1"),
      container: try ContainerID("c-\(name)"), containerName: name, pod: name, namespace: "n",
      image: "i", imageDigest: "", holds: [.filesystem], volumes: [], dependsOn: [], group: 0,
      level: 0)
  }

  private func opened(in directory: String, on machine: MachineID? = nil) throws -> AgentLedger {
    try AgentLedger(
      file: DurableStateFile(directory + "/ledger.json"), boot: "boot", machine: machine)
  }

  private let backup = BackupID(accepted: "shop-1")

  @Test func `a fence is accepted once for a member, across restarts`() async throws {
    try await withDirectory { directory in
      let fence = Fence(epoch: 3, cut: 1, attempt: 1)
      let orders = try member("orders")
      let first = try opened(in: directory)
      _ = try await first.accept(fence, member: orders, backup: backup)
      let again = try opened(in: directory)
      #expect(await again.highestFence == fence)
      let refusal = await #expect(throws: Refusal.self) {
        try await again.accept(fence, member: orders, backup: backup)
      }
      #expect(refusal?.code == .staleFence)
      #expect(refusal?.highestFence == fence)
      _ = try await again.accept(
        Fence(epoch: 3, cut: 1, attempt: 2), member: orders, backup: backup)
    }
  }

  @Test func `no hold ID is ever used twice, not even after a restart`() async throws {
    try await withDirectory { directory in
      var seen: Set<HoldID> = []
      for life in 1...3 {
        let ledger = try opened(in: directory)
        for attempt in 1...3 {
          let fence = Fence(epoch: UInt64(life), cut: 1, attempt: UInt32(attempt))
          seen.insert(try await ledger.accept(fence, member: member("orders"), backup: backup))
        }
      }
      #expect(seen.count == 9)
    }
  }

  @Test func `a lower epoch is refused for every member of the node`() async throws {
    try await withDirectory { directory in
      let ledger = try opened(in: directory)
      _ = try await ledger.accept(
        Fence(epoch: 5, cut: 1, attempt: 1), member: member("orders"), backup: backup)
      let refusal = await #expect(throws: Refusal.self) {
        try await ledger.accept(
          Fence(epoch: 4, cut: 9, attempt: 1), member: member("payments"), backup: backup)
      }
      #expect(refusal?.highestFence == Fence(epoch: 5, cut: 1, attempt: 1))
    }
  }

  @Test func `what is not settled is there after a restart, and nothing else`() async throws {
    try await withDirectory { directory in
      let fence = Fence(epoch: 1, cut: 1, attempt: 1)
      let ledger = try opened(in: directory)
      for name in ["orders", "payments"] {
        _ = try await ledger.accept(fence, member: member(name), backup: backup)
      }
      let certificate = HoldCertificate(
        statement: Data("{}".utf8), signature: Data([1]), chain: [])
      try await ledger.keep(certificate, fence: fence, member: ServiceName("orders"))
      try await ledger.close(fence, member: ServiceName("payments"))
      let again = try opened(in: directory)
      #expect(await again.entries.map(\.member.name.text) == ["orders"])
      #expect(await again.entries.first?.certificate == certificate)
    }
  }

  @Test func `a damaged ledger is refused and left as it is`() async throws {
    try await withDirectory { directory in
      let path = directory + "/ledger.json"
      let damaged = Data("{\"version\": 1, \"incarn".utf8)
      try damaged.write(to: URL(fileURLWithPath: path))
      let refusal = #expect(throws: Refusal.self) {
        try opened(in: directory)
      }
      #expect(refusal?.message.contains("damaged") == true)
      #expect(FileManager.default.contents(atPath: path) == damaged)
    }
  }

  @Test func `a copy on another machine is refused and left as it is`() async throws {
    try await withDirectory { directory in
      let path = directory + "/ledger.json"
      let original = MachineID(source: .firmware, value: "a")
      // What an earlier version wrote belongs to the machine that reads it first.
      let fence = Fence(epoch: 1, cut: 1, attempt: 1)
      _ = try await opened(in: directory).accept(fence, member: member("orders"), backup: backup)
      #expect(try await opened(in: directory, on: original).entries.count == 1)
      let bytes = FileManager.default.contents(atPath: path)
      let refusal = #expect(throws: Refusal.self) {
        try opened(in: directory, on: MachineID(source: .firmware, value: "b"))
      }
      #expect(refusal?.message.contains("another machine: a, not b") == true)
      #expect(FileManager.default.contents(atPath: path) == bytes)
      // Not known to be another one.
      for machine in [original, nil, MachineID(source: .installation, value: "c")] {
        #expect(try await opened(in: directory, on: machine).entries.count == 1)
      }
    }
  }

  @Test func `a certificate that was withdrawn does not come back with a restart`() async throws {
    try await withDirectory { directory in
      let fence = Fence(epoch: 1, cut: 1, attempt: 1)
      let orders = try member("orders")
      let first = try opened(in: directory)
      _ = try await first.accept(fence, member: orders, backup: backup)
      let certificate = HoldCertificate(statement: Data(), signature: Data(), chain: [])
      try await first.keep(certificate, fence: fence, member: orders.name)
      #expect(try await opened(in: directory).entries.map(\.certificate) == [certificate])
      try await first.withdraw(fence, member: orders.name)
      // The attempt itself stays open: its snapshots are still to be deleted.
      #expect(try await opened(in: directory).entries.map(\.certificate) == [nil])
    }
  }
}
