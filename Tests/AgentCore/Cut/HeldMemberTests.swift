import CutProtocol
import Model
import Synchronization
import Testing

@testable import AgentCore

/// An application that is asked for its token, is stopped, and goes on.
@Suite struct `A member whose application is stopped` {
  final class Application: Sendable {
    let log = CallLog()
    /// Whoever is asked answers once it is open.
    let gate = Gate()
    private let state = Mutex((isStopped: false, writes: 17))

    func set(stopped: Bool) { state.withLock { $0.isStopped = stopped } }
    func write() { state.withLock { $0.writes += 1 } }
    /// Nil while it is stopped.
    var answer: Int? { state.withLock { $0.isStopped ? nil : $0.writes } }
  }

  struct Hold: PreparedHold {
    let application: Application
    let name: String
    var stops = false
    var asks = false

    var readiness: HoldReadiness {
      HoldReadiness(
        quiescer: name, fidelity: .full, stopsApplication: stops, tokenIsAsked: asks,
        predicted: .zero, remarks: [], rescue: [], record: [])
    }

    func hold() async throws(Refusal) {
      application.log.note("hold \(name)")
      if stops { application.set(stopped: true) }
    }

    func token() async throws(Refusal) -> StateToken {
      application.log.note("token \(name)")
      guard asks else { return StateToken(quiescer: name, values: [:]) }
      await application.gate.pass()
      guard let answer = application.answer else { throw Refusal(.busy, "no answer") }
      return StateToken(quiescer: name, values: ["writes": "\(answer)"])
    }

    func release() async -> ReleaseFinding {
      application.log.note("release \(name)")
      if stops { application.set(stopped: false) }
      return ReleaseFinding(endedThisHold: true)
    }

    func discard() async {}
  }

  private let application = Application()

  private func member() -> HeldMember {
    HeldMember(
      holds: [
        Hold(application: application, name: "files"),
        Hold(application: application, name: "lock", asks: true),
        Hold(application: application, name: "pause", stops: true),
        Hold(application: application, name: "freeze"),
      ], clock: ManualClock())
  }

  @Test func `it is asked before it is stopped, and after that while it is still held`()
    async throws
  {
    let member = member()
    _ = try await member.take()
    await member.sampleBeforeThaw()
    #expect(await member.release().count == 4)
    #expect(
      application.log.all == [
        "hold files", "hold lock", "token lock", "hold pause", "hold freeze", "token files",
        "token pause", "token freeze", "token files", "token pause", "token freeze",
        "release freeze", "release pause", "token lock", "release lock", "release files",
      ])
    let tokens = await member.tokensAtHold
    #expect(tokens.map(\.quiescer) == ["files", "lock", "pause", "freeze"])
    #expect(await member.tokensBeforeThaw == tokens)
  }

  @Test func `a write between stop and release of its lock changes its token`() async throws {
    let member = member()
    _ = try await member.take()
    application.write()
    await member.sampleBeforeThaw()
    _ = await member.release()
    #expect(await member.tokensAtHold != member.tokensBeforeThaw)
  }

  @Test func `what is ended while it is asked is not stopped any more`() async throws {
    let member = member()
    application.gate.close()
    async let taken: Refusal? = {
      do throws(Refusal) {
        _ = try await member.take()
        return nil
      } catch {
        return error
      }
    }()
    try await eventually("it is being asked") { application.gate.waiting == 1 }
    #expect(await member.release().count == 2)
    application.gate.open()
    #expect(await taken?.code == .expired)
    #expect(!application.log.all.contains("hold pause"))
  }

  @Test func `a hold that is given up asks nobody`() async throws {
    let member = member()
    _ = try await member.take()
    let before = application.log.all.count
    _ = await member.release()
    #expect(
      application.log.all.dropFirst(before)
        == ["release freeze", "release pause", "release lock", "release files"])
  }
}
