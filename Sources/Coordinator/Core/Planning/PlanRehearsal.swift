package import CutProtocol
internal import Model

/// Prepares every member of a plan without holding anything, and says what a cut would be like.
package struct PlanRehearsal: Sendable {
  private let gateway: any AgentGateway
  private let router: CutRouter
  private let fences: FenceSource
  private let clock: any CutClock
  private let times: CutTimes

  package init(
    gateway: any AgentGateway, router: CutRouter, fences: FenceSource, clock: any CutClock,
    times: CutTimes
  ) {
    self.gateway = gateway
    self.router = router
    self.fences = fences
    self.clock = clock
    self.times = times
  }

  package func run(_ plan: CutPlan) async throws(OperationError) -> PlanCheck {
    let sealed: SealedPlan
    do {
      sealed = try SealedPlan(plan)
    } catch {
      throw OperationError(.invalid, "the cut's plan cannot be encoded: \(error)")
    }
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
    for member in plan.members {
      // One that cannot be reached lets go by itself when no freeze follows.
      try? await gateway.send(
        .abort(fence: fence, member: member.name, reason: "rehearsal"), to: member.node)
    }
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
