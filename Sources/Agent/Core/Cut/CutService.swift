package import CutProtocol
internal import Foundation
internal import Lifecycle
internal import Logging
internal import Model

/// The agent's side of every cut: takes orders in, runs one `MemberAttempt` for each member and fence, and ends every
/// hold when the guardian goes or the agent stops.
package actor CutService {
  private let environment: CutEnvironment
  private let ledger: AgentLedger
  private let crew = Crew()
  private var attempts: [AttemptKey: MemberAttempt] = [:]
  private var isStopping = false
  private var isRecovered = false

  package init(environment: CutEnvironment, ledger: AgentLedger) {
    self.environment = environment
    self.ledger = ledger
  }

  /// Runs until `stop`; first takes up again what an earlier incarnation left in the ledger.
  package func run() async {
    await recover()
    crew.run { await self.watchGuardian() }
    await crew.work()
  }

  /// Ends every hold, and returns once none is in force, but for those whose release does not get through: their guardian ends
  /// them when this process is gone. Nothing is frozen any more from the first moment of it.
  package func stop() async {
    isStopping = true
    for attempt in ordered { await attempt.feed(.mustEnd(reason: "the agent is stopping")) }
    while await isHolding() {
      guard
        (try? await environment.clock.sleep(until: environment.clock.now() + .milliseconds(20)))
          != nil
      else { break }
    }
    crew.close()
  }

  /// What is held right now.
  package func held() async -> [AgentHeartbeat.Held] {
    var result: [AgentHeartbeat.Held] = []
    for attempt in ordered {
      if let held = await attempt.heldNow() { result.append(held) }
    }
    return result.sorted { $0.member < $1.member }
  }

  /// Whether a hold is in force that this agent ends. One that was left to the guardian may last as long as a disk does not
  /// answer, and keeps nobody from going on.
  package func isHolding() async -> Bool {
    for attempt in ordered where await attempt.isHolding { return true }
    return false
  }

  package func handle(_ order: CutOrder) async {
    // An order that is quicker than the start would find nothing of what the ledger has, or be taken for a part of it.
    await recover()
    guard await obeys(order) else { return }
    let key = AttemptKey(fence: order.fence, member: order.member)
    if case .prepare(let fence, let member, let bytes, let lease) = order {
      guard attempts[key] == nil else { return }
      await prepare(fence: fence, member: member, plan: bytes, lease: lease)
    } else if let attempt = attempts[key] {
      await attempt.feed(.order(order))
    } else {
      await answerUnknown(order)
    }
  }

  /// Once a newer coordinator has spoken, none of an older one is obeyed: it might take back what the newer one builds on.
  ///
  /// A prepare is judged with its fence. What the ledger cannot take in yet is refused and comes again; only an abort of
  /// a newer coordinator is obeyed all the same, for nobody must stay held because a disk is full.
  private func obeys(_ order: CutOrder) async -> Bool {
    if case .prepare = order { return true }
    do throws(Refusal) {
      try await ledger.obey(order.issuer)
      return true
    } catch {
      environment.logger.notice(
        "order not obeyed",
        metadata: ["member": "\(order.member)", "fence": "\(order.fence)", "error": "\(error)"])
      if case .abort = order, error.code != .staleFence { return true }
      await report(order.fence, order.member, .nack(error))
      return false
    }
  }

  /// Done once, by whoever comes first, before any order.
  private func recover() async {
    guard !isRecovered else { return }
    let entries = await ledger.entries
    guard !isRecovered else { return }
    isRecovered = true
    for entry in entries {
      if let certificate = entry.certificate {
        let machine = MemberHold(
          recovered: certificate, fence: entry.fence, member: entry.member.name, hold: entry.hold)
        _ = begin(nil, entry, machine)
      } else {
        // Whatever was held has been thawed before anything else at this start; what was cut is an orphan.
        let machine = MemberHold(
          fence: entry.fence, member: entry.member.name, hold: entry.hold, lease: .zero, cap: .zero)
        let attempt = begin(nil, entry, machine)
        crew.run {
          await attempt.cleanUpAfterRestart(cap: entry.cap?.duration ?? FreezeLimits.longestCap)
        }
      }
    }
  }

  private func begin(_ plan: SealedPlan?, _ entry: AgentLedger.Entry, _ machine: MemberHold)
    -> MemberAttempt
  {
    let attempt = MemberAttempt(
      plan: plan, entry: entry, machine: machine, environment: environment, ledger: ledger,
      crew: crew, onEnd: { [weak self] key in await self?.remove(key) })
    attempts[attempt.key] = attempt
    return attempt
  }

  /// Every attempt in the order of its fence, so that what is done to all of them is done in the same order each time.
  private var ordered: [MemberAttempt] {
    attempts.sorted { ($0.key.fence, $0.key.member) < ($1.key.fence, $1.key.member) }.map(\.value)
  }

  private func remove(_ key: AttemptKey) { attempts[key] = nil }

  private func prepare(
    fence: Fence, member name: ServiceName, plan bytes: Data, lease: Duration
  ) async {
    do throws(Refusal) {
      guard !isStopping else {
        throw Refusal(.busy, "the agent of \(environment.node) is stopping")
      }
      let plan = try Self.read(bytes)
      guard let member = plan.plan.member(name) else {
        throw Refusal(.failed, "the plan of \(plan.plan.backup) has no member \(name)")
      }
      try await makeRoom(for: member, fence: fence)
      let cap = plan.plan.freeze.cap.duration
      let hold = try await ledger.accept(
        fence, member: member, backup: plan.plan.backup, cap: cap)
      let machine = MemberHold(
        fence: fence, member: name, hold: hold, lease: lease, cap: cap, volumes: member.volumes)
      let entry = AgentLedger.Entry(
        fence: fence, hold: hold, member: member, backup: plan.plan.backup, certificate: nil,
        cap: cap)
      let attempt = begin(plan, entry, machine)
      crew.run { await attempt.prepare(cap: cap) }
    } catch {
      await report(fence, name, .refused(error))
    }
  }

  private static func read(_ bytes: Data) throws(Refusal) -> SealedPlan {
    do {
      return try SealedPlan(bytes: bytes)
    } catch {
      throw Refusal(.failed, "the cut's plan is not readable: \(error)")
    }
  }

  /// A higher fence ends an older attempt of the same member; another cut that uses one of the volumes refuses this one.
  private func makeRoom(for member: MemberPlan, fence: Fence) async throws(Refusal) {
    let volumes = Set(member.volumes.map(\.volume))
    for attempt in ordered {
      let key = attempt.key
      if key.member == member.name, key.fence < fence {
        await attempt.feed(.mustEnd(reason: "attempt \(fence) has replaced it"))
        // Its thaw, if it came later, would end the new hold.
        guard await !attempt.mayBeHeld else {
          throw Refusal(.busy, "\(member.name) is still being thawed after attempt \(key.fence)")
        }
      } else if key.fence.cut != fence.cut || key.fence.epoch != fence.epoch,
        await attempt.isActive,
        let shared = attempt.member.volumes.first(where: { volumes.contains($0.volume) })
      {
        throw Refusal(
          .busy,
          "volume \(shared.volume.handle) of \(member.name) is in use by the cut of \(attempt.backup)",
          hint: "wait for that backup to end")
      }
    }
  }

  private func answerUnknown(_ order: CutOrder) async {
    switch order {
    case .abort, .query, .settled:
      do throws(Refusal) {
        try await ledger.makeSure()
      } catch {
        // Nobody is held by it, and whoever wants to know asks again.
        environment.logger.warning(
          "attempt not known to be closed yet",
          metadata: ["member": "\(order.member)", "error": "\(error)"])
        return
      }
      await report(
        order.fence, order.member, .ended(reason: "this node has nothing of attempt \(order.fence)")
      )
    case .freeze, .renew, .witness, .cut, .prepare:
      let refusal = Refusal(
        .expired, "\(order.member) is not prepared for attempt \(order.fence)",
        highestFence: await ledger.highestFence)
      await report(order.fence, order.member, .nack(refusal))
    }
  }

  private func report(_ fence: Fence, _ member: ServiceName, _ news: CutReport.News) async {
    await environment.reports.send(
      CutReport(
        fence: fence, member: member, news: news, obeyed: await ledger.highestFence.epoch))
  }

  private func watchGuardian() async {
    while !isStopping && !Task.isCancelled {
      await environment.guardian.waitUntilGone()
      guard !isStopping && !Task.isCancelled else { return }
      environment.logger.error("guardian is gone, ending every hold")
      for attempt in ordered {
        await attempt.feed(.mustEnd(reason: "the guardian of this node is gone"))
      }
      // The link starts a new guardian by itself; until then nothing can be armed.
      guard
        (try? await environment.clock.sleep(until: environment.clock.now() + .milliseconds(200)))
          != nil
      else { return }
    }
  }
}
