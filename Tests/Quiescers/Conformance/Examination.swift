import AgentCore
import CutProtocol
import Foundation
import LinuxSystem
import Model
import Quiescers
import Testing

/// What one hold under load turned out to give, and what it had said.
struct Examination: Sendable {
  var subject: String
  /// What the holds declare together, as a certificate would carry it.
  var declared: Fidelity
  /// Whether tokens and releases say that the hold was unbroken.
  var intact: Bool
  var found: Fidelity
  var held: Duration
  var acknowledged: Int

  /// What was promised and not kept. A hold that says itself that it was broken promises nothing.
  var violations: [String] {
    guard intact else { return [] }
    return [
      ("F1", declared.durableStateConstant, found.durableStateConstant),
      ("F2", declared.acknowledgedIsDurable, found.acknowledgedIsDurable),
      ("F3", declared.nothingAcknowledged, found.nothingAcknowledged),
    ].compactMap { name, declared, found in declared && !found ? name : nil }
  }

  var row: String {
    func text(_ fidelity: Fidelity) -> String {
      [
        fidelity.durableStateConstant ? "F1" : "--", fidelity.acknowledgedIsDurable ? "F2" : "--",
        fidelity.nothingAcknowledged ? "F3" : "--",
      ].joined(separator: " ")
    }
    return
      "conformance: \(subject) | found \(text(found)) | declared \(text(declared)) | intact \(intact) | \(acknowledged) writes | quiesced in \(held.shortText)"
  }

  /// How many write at once.
  private static let writers = 3

  /// Holds a loaded server, copies its volume at the begin and at the end of the hold, and compares what fresh
  /// servers find in the copies with what was acknowledged.
  static func of(
    _ subject: Subject, by quiescer: any Quiescer = QuiescerSet.conformance,
    during: (TestServer) async throws -> Void = { _ in }
  ) async throws -> Examination {
    let server = try subject.server
    defer { server.stop() }
    try await subject.started(server)
    try server.inside(subject.schema)
    let ledger = Ledger()
    let writers = try (1...writers).map {
      try LoadWriter(subject, on: server, from: $0 * 10_000_000, ledger: ledger)
    }
    defer { for writer in writers { writer.stop() } }
    try await eventually("there is load") { ledger.acknowledged.count > 50 }
    let target = try server.target(cap: .seconds(40))
    var holds: [any PreparedHold] = []
    for spec in subject.holds { holds.append(try await quiescer.prepare(spec, for: target)) }
    let before = ledger.acknowledged.count
    try await eventually("a prepared server takes writes") {
      ledger.acknowledged.count > before + 20
    }
    do {
      let observed = try await observe(holds, server, ledger, during)
      for writer in writers { writer.stop() }
      // Gone before a copy is opened, as after a disaster: servers look for the process that a copied lock file names.
      server.halt()
      return try await judge(subject, holds, observed, server)
    } catch {
      for hold in holds.reversed() {
        _ = await hold.release()
        await hold.discard()
      }
      throw error
    }
  }

  private struct Observation {
    var held: Duration
    var first: String
    var last: String
    /// Acknowledged when the hold was complete, and when it ended.
    var before: Set<Int>
    var ended: Set<Int>
    var intact: Bool
  }

  private static func observe(
    _ holds: [any PreparedHold], _ server: TestServer, _ ledger: Ledger,
    _ during: (TestServer) async throws -> Void
  ) async throws -> Observation {
    let began = ContinuousClock.now
    for hold in holds { try await hold.hold() }
    let held = ContinuousClock.now - began
    let before = ledger.acknowledged
    let tokens = await sample(holds)
    let first = try server.volume.clone("first")
    try await during(server)
    // Long enough for whoever still acknowledges to do so, on a loaded machine too.
    try await Task.sleep(for: .milliseconds(500))
    let ended = ledger.acknowledged
    let last = try server.volume.clone("last")
    let same = await sample(holds) == tokens && !tokens.contains(nil)
    var intact = same
    for hold in holds.reversed() {
      let finding = await hold.release()
      intact = intact && finding.endedThisHold
    }
    for hold in holds.reversed() {
      let finding = await hold.examine()
      if let finding { print("conformance: \(finding)") }
      intact = intact && finding == nil
    }
    for hold in holds.reversed() { await hold.discard() }
    return Observation(
      held: held, first: first, last: last, before: before, ended: ended, intact: intact)
  }

  /// Nil where a hold has none any more.
  private static func sample(_ holds: [any PreparedHold]) async -> [StateToken?] {
    var tokens: [StateToken?] = []
    for hold in holds { tokens.append(try? await hold.token()) }
    return tokens
  }

  private static func judge(
    _ subject: Subject, _ holds: [any PreparedHold], _ observed: Observation, _ server: TestServer
  ) async throws -> Examination {
    let isSame =
      (try? shell("cmp -s \(observed.first) \(observed.last)", timeout: .seconds(120))) != nil
    let first = try await subject.restored(from: observed.first)
    // Equal bytes give equal answers; others are compared by what a server makes of them.
    let last = isSame ? first : try await subject.restored(from: observed.last)
    let constant = subject.freezes ? isSame : first == last
    // Each writer waits for its one write, so no more than one each can have been acknowledged before and recorded after.
    let isStill = observed.ended.count - observed.before.count <= writers
    let due = isStill ? observed.ended : observed.before
    return Examination(
      subject: subject.name,
      declared: Fidelity.united(
        holds.map(\.readiness.fidelity),
        losesAcknowledged: holds.contains(where: \.readiness.losesAcknowledged)),
      intact: observed.intact,
      found: Fidelity(
        durableStateConstant: constant,
        acknowledgedIsDurable: due.isSubset(of: last), nothingAcknowledged: isStill),
      held: observed.held, acknowledged: observed.ended.count)
  }
}

extension QuiescerSet {
  static let conformance = QuiescerSet(
    settings: QuiescerSettings(protectedPaths: [], holdLimit: .seconds(4)))
}
