import AgentCore
import CutProtocol
import Foundation
import Model
import Synchronization
import Testing

/// Members of one node share a ledger: what they write at the same time is written together.
struct LedgerWritingTests {
  private let fence = Fence(epoch: 1, cut: 1, attempt: 1)
  private let backup = BackupID(accepted: "shop-1")
  private let names = (0..<8).map { "member-\($0)" }

  private func member(_ name: String) -> MemberPlan {
    MemberPlan(
      name: ServiceName(accepted: name), node: NodeID(accepted: "node-1"),
      container: ContainerID(accepted: "c-\(name)"), containerName: name, pod: name,
      namespace: "n", image: "i", imageDigest: "", holds: [.filesystem], volumes: [],
      dependsOn: [], group: 0, level: 0)
  }

  /// Lets one accept write, and waits until all the others stand behind it.
  private func accepting(
    _ ledger: AgentLedger, _ file: SlowFile, then: () -> Void
  ) async throws -> [Result<HoldID, Refusal>] {
    try await withThrowingTaskGroup(of: Result<HoldID, Refusal>.self) { group in
      for name in names {
        group.addTask {
          do throws(Refusal) {
            return .success(
              try await ledger.accept(fence, member: member(name), backup: backup))
          } catch {
            return .failure(error)
          }
        }
        if name == names.first {
          try await eventually("the first is being written") { file.gate.waiting == 1 }
        }
      }
      try await eventually("the others wait") { await ledger.waitingCount == names.count - 1 }
      then()
      file.gate.open()
      var results: [Result<HoldID, Refusal>] = []
      for try await result in group { results.append(result) }
      return results
    }
  }

  @Test func `changes that come while the file is being written are written together`()
    async throws
  {
    let file = SlowFile()
    let ledger = try AgentLedger(file: file, boot: "boot")
    let results = try await accepting(ledger, file) {}
    #expect(Set(results.compactMap { try? $0.get() }).count == names.count)
    // The start, the first accept, and all the others.
    #expect(file.writings == 3)
    let again = try AgentLedger(file: file, boot: "boot")
    #expect(await again.entries.map(\.member.name.text).sorted() == names)
  }

  @Test
  func `a writing that fails refuses everything in it, and what follows starts from the disk`()
    async throws
  {
    let file = SlowFile()
    let ledger = try AgentLedger(file: file, boot: "boot")
    let results = try await accepting(ledger, file) { file.failing.withLock { $0 = 1 } }
    let refused = results.filter {
      if case .failure(let why) = $0 { why.code == .busy } else { false }
    }
    #expect(refused.count == 1, "the first writing failed, the second did not")
    #expect(await ledger.entries.count == names.count - 1)
    file.failing.withLock { $0 = 1 }
    await #expect(throws: Refusal.self) {
      try await ledger.close(fence, member: ServiceName(accepted: names[7]))
    }
    #expect(await ledger.entries.count == names.count - 1)
    try await ledger.close(fence, member: ServiceName(accepted: names[7]))
    #expect(try await AgentLedger(file: file, boot: "boot").entries.count == names.count - 2)
  }

  @Test
  func `what was refused although the file was replaced is taken out of it again`()
    async throws
  {
    let file = SlowFile(replacesBeforeFailing: true)
    let ledger = try AgentLedger(file: file, boot: "boot")
    file.gate.open()
    try await ledger.obey(1)
    file.failing.withLock { $0 = 1 }
    await #expect(throws: Refusal.self) {
      try await ledger.accept(fence, member: member(names[0]), backup: backup)
    }
    #expect(file.says(names[0]))
    try await ledger.makeSure()
    #expect(!file.says(names[0]))
    let writings = file.writings
    try await ledger.makeSure()
    #expect(file.writings == writings, "once it is known what the disk says, nothing is written")
  }
}

/// A file in memory whose writings wait at a gate once the ledger has started.
private final class SlowFile: StateFile {
  struct Full: Error {}

  let path = "slow"
  let gate = Gate()
  /// How many of the next writings fail.
  let failing = Mutex(0)
  private let replacesBeforeFailing: Bool
  private let state = Mutex((bytes: [UInt8]?.none, writings: 0))

  init(replacesBeforeFailing: Bool = false) { self.replacesBeforeFailing = replacesBeforeFailing }

  func says(_ text: String) -> Bool {
    String(decoding: state.withLock(\.bytes) ?? [], as: UTF8.self).contains(text)
  }

  var writings: Int { state.withLock(\.writings) }

  func read(limit: Int) throws -> [UInt8]? { state.withLock(\.bytes) }

  func replace(with bytes: [UInt8]) throws {
    // The writing of the start; the ones after it wait.
    gate.close()
    state.withLock { $0 = (bytes, $0.writings + 1) }
  }

  func replaceBeside(with bytes: [UInt8]) async throws {
    await gate.pass()
    let fails = failing.withLock { failing in
      defer { failing = max(0, failing - 1) }
      return failing > 0
    }
    if !fails || replacesBeforeFailing { state.withLock { $0 = (bytes, $0.writings + 1) } }
    if fails { throw Full() }
  }
}
