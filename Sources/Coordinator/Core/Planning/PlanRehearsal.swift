package import CutProtocol
internal import Model

/// Prepares every member of a plan without holding anything, and says what a cut would be like.
package struct PlanRehearsal: Sendable {
  /// How long a rehearsal waits for cuts of the same members; whoever asked for it waits for the answer.
  private static let patience = Duration.seconds(20)
  /// How long a member may take to say that it has let go.
  private static let farewell = Duration.seconds(2)

  private let gateway: any AgentGateway
  private let router: CutRouter
  private let fences: FenceSource
  private let turns: CutTurns
  private let clock: any CutClock
  private let times: CutTimes

  package init(
    gateway: any AgentGateway, router: CutRouter, fences: FenceSource, turns: CutTurns,
    clock: any CutClock, times: CutTimes
  ) {
    self.gateway = gateway
    self.router = router
    self.fences = fences
    self.turns = turns
    self.clock = clock
    self.times = times
  }

  /// A member that is just being cut is not asked: its agent would end that attempt. Such a cut is waited for.
  package func run(_ plan: CutPlan) async throws(OperationError) -> PlanCheck {
    let sealed: SealedPlan
    do {
      sealed = try SealedPlan(plan)
    } catch {
      throw OperationError(.invalid, "the cut's plan cannot be encoded: \(error)")
    }
    let turn = try await turns.join(.check(plan.plan), plan)
    let ahead = await turns.wait(for: turn, until: clock.now() + Self.patience, clock) { _ in }
    if let ahead {
      await turns.leave(turn)
      throw OperationError(
        .unavailable,
        "plan \(plan.plan) was not checked: it waited \(Self.patience.shortText) for \(ahead)",
        hint: "check it again when that has ended")
    }
    let result = await ask(plan, sealed)
    await turns.leave(turn)
    return result
  }

  private func ask(_ plan: CutPlan, _ sealed: SealedPlan) async -> PlanCheck {
    let fence = await fences.next()
    let deliveries = await router.open(fence)
    var refusals: [ServiceName: Refusal] = [:]
    for member in plan.members {
      do {
        try await gateway.send(
          .prepare(fence: fence, member: member.name, plan: sealed.bytes, lease: times.lease),
          to: member.node)
      } catch {
        refusals[member.name] = Refusal(.busy, error.message)
      }
    }
    let answers = await collect(
      deliveries, until: clock.now() + times.prepare, expecting: plan.members.count - refusals.count
    )
    let ends = await router.open(fence)
    for member in plan.members {
      // One that cannot be reached lets go by itself when no freeze follows.
      try? await gateway.send(
        .abort(fence: fence, member: member.name, reason: "rehearsal"), to: member.node)
    }
    await waitForEnd(of: Set(answers.preparations.keys), ends)
    await router.close(fence)
    refusals.merge(answers.refusals) { first, _ in first }
    return check(plan, answers.preparations, refusals)
  }

  private struct Answers: Sendable {
    var preparations: [ServiceName: Preparation] = [:]
    var refusals: [ServiceName: Refusal] = [:]
  }

  private func collect(
    _ deliveries: AsyncStream<CutRouter.Delivery>, until deadline: Duration, expecting count: Int
  ) async -> Answers {
    guard count > 0 else { return Answers() }
    let clock = clock
    return await withTaskGroup(of: Answers?.self) { tasks in
      tasks.addTask {
        var answers = Answers()
        for await delivery in deliveries {
          switch delivery.report.news {
          case .prepared(_, let preparation):
            answers.preparations[delivery.report.member] = preparation
          case .refused(let refusal), .nack(let refusal):
            answers.refusals[delivery.report.member] = refusal
          case .frozen, .cut, .certified, .ended: break
          }
          if answers.preparations.count + answers.refusals.count >= count { break }
        }
        return answers
      }
      tasks.addTask {
        // A cancelled sleep ends the rehearsal early, with what has been answered.
        try? await clock.sleep(until: deadline)
        return nil
      }
      var result = Answers()
      while let answers = await tasks.next() {
        tasks.cancelAll()
        if let answers { result = answers }
      }
      return result
    }
  }

  /// Whoever comes next must find that they have let go. They say so at once; one that is not reached does by itself.
  private func waitForEnd(
    of prepared: Set<ServiceName>, _ deliveries: AsyncStream<CutRouter.Delivery>
  ) async {
    guard !prepared.isEmpty else { return }
    let clock = clock
    await withTaskGroup(of: Void.self) { tasks in
      tasks.addTask {
        var left = prepared
        for await delivery in deliveries {
          guard case .ended = delivery.report.news else { continue }
          left.remove(delivery.report.member)
          if left.isEmpty { break }
        }
      }
      tasks.addTask {
        // A cancelled sleep ends the wait as well.
        try? await clock.sleep(until: clock.now() + Self.farewell)
      }
      await tasks.next()
      tasks.cancelAll()
    }
  }

  private func check(
    _ plan: CutPlan, _ preparations: [ServiceName: Preparation],
    _ refusals: [ServiceName: Refusal]
  ) -> PlanCheck {
    let windows = WindowPrediction(
      preparations: preparations, of: plan.members, drain: plan.freeze.drain,
      roundTrip: times.roundTrip
    ).windows
    var hazards: [String] = []
    var attainable =
      Set(plan.members.map(\.group)).count > 1 ? Grade.groupConsistent : .applicationConsistent
    let members = plan.members.map { member in
      let window = windows.first { $0.member == member.name }?.window
      var refusal = refusals[member.name]
      if let preparation = preparations[member.name] {
        for volume in member.volumes {
          guard let writer = volume.unheldWriters?.first else { continue }
          attainable = min(attainable, .crashConsistent)
          hazards.append(
            "\(member.name): F1: \(volume.containerPath) may be written to by \(writer), which is no "
              + "service of the plan: add it, or mount the volume read-only there")
        }
        if !preparation.fidelity.isFull && !member.volumes.isEmpty {
          attainable = min(
            attainable, preparation.fidelity.storageIsCopied ? .unproven : .crashConsistent)
          hazards += preparation.fidelity.reasons.map { "\(member.name): \($0)" }
        }
        if let window, window > plan.freeze.budget.duration {
          attainable = .failed
          hazards.append(
            "\(member.name): its window is predicted to take \(window.shortText), more than the budget of \(plan.freeze.budget.duration.shortText)"
          )
        }
      } else {
        refusal = refusal ?? Refusal(.busy, "did not answer within \(times.prepare.shortText)")
      }
      if let refusal {
        attainable = .failed
        hazards.append("\(member.name): \(refusal)")
      }
      return PlanCheck.Member(
        plan: member, preparation: preparations[member.name], refusal: refusal,
        predictedWindow: window)
    }
    return PlanCheck(
      members: members, attainable: attainable, requires: plan.requires, hazards: hazards)
  }
}
