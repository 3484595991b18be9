package import CutProtocol
package import Logging
internal import Model

/// Runs the cut of one group: feeds the state machine and performs its actions, strictly in their order.
package struct CutDriver: Sendable {
  private let gateway: any AgentGateway
  private let store: any CutStore
  private let router: CutRouter
  private let verifier: any CertificateVerifier
  private let fences: FenceSource
  private let clock: any CutClock
  private let random: any RandomSource
  private let observer: (any StepObserver)?
  private let logger: Logger

  package init(
    gateway: any AgentGateway, store: any CutStore, router: CutRouter,
    verifier: any CertificateVerifier, fences: FenceSource, clock: any CutClock,
    random: any RandomSource = SystemRandom(), observer: (any StepObserver)? = nil,
    logger: Logger
  ) {
    self.gateway = gateway
    self.store = store
    self.router = router
    self.verifier = verifier
    self.fences = fences
    self.clock = clock
    self.random = random
    self.observer = observer
    self.logger = logger
  }

  private enum Input: Sendable {
    case delivery(CutRouter.Delivery)
    case tick
    case unreachable(ServiceName, String)
  }

  /// Returns when the group has evidence, or when there is none to be had. Cancelling ends the cut: everybody thaws, and
  /// `cancelled` says why.
  package func run(
    plan: SealedPlan, group: Int, times: CutTimes, cancelled: @Sendable () -> String,
    progress: CutProgress
  ) async -> CoordinatorCut.Result {
    let fence = await fences.next()
    let deliveries = await router.open(fence)
    let (inputs, entry) = AsyncStream.makeStream(of: Input.self)
    let jitter = (0..<times.pauses.count).map { _ in random.fraction() }
    let result = await withTaskGroup(of: Void.self) { tasks in
      tasks.addTask {
        for await delivery in deliveries { entry.yield(.delivery(delivery)) }
        entry.finish()
      }
      var machine = CoordinatorCut(
        plan: plan, group: group, fence: fence, times: times, jitter: jitter, at: clock.now())
      var result = await step(&machine, .tick, plan, progress, entry)
      schedule(machine.nextDeadline, &tasks, entry)
      if result == nil {
        for await input in inputs {
          machine.raiseEpoch(to: await fences.epoch)
          let before = machine.nextDeadline
          // A refusal, a hold or an end of an earlier attempt says nothing about this one.
          if case .delivery(let delivery) = input, delivery.report.fence != machine.fence {
            continue
          }
          guard let event = await event(of: input, plan: plan) else { continue }
          result = await step(&machine, event, plan, progress, entry)
          if result != nil { break }
          if machine.nextDeadline != before { schedule(machine.nextDeadline, &tasks, entry) }
        }
      }
      // The stream ends early only when this task was cancelled.
      if result == nil {
        result = await step(&machine, .cancel(reason: cancelled()), plan, progress, entry)
      }
      tasks.cancelAll()
      return result ?? .failed(sentence: cancelled())
    }
    await router.close(fence)
    return result
  }

  private func schedule(
    _ deadline: Duration?, _ tasks: inout TaskGroup<Void>,
    _ entry: AsyncStream<Input>.Continuation
  ) {
    guard let deadline else { return }
    let clock = clock
    tasks.addTask {
      // A cancelled sleep means that the cut has ended.
      guard (try? await clock.sleep(until: deadline)) != nil else { return }
      entry.yield(.tick)
    }
  }

  /// What an input means to the machine; nil for reports that come from a node that has no say in them.
  private func event(of input: Input, plan: SealedPlan) async -> CoordinatorCut.Event? {
    switch input {
    case .tick: return .tick
    case .unreachable(let member, let reason): return .unreachable(member, reason: reason)
    case .delivery(let delivery):
      let name = delivery.report.member
      guard plan.plan.member(name)?.node == delivery.node else {
        logger.warning(
          "report ignored: its member does not run on the node that sent it",
          metadata: ["member": "\(name)", "node": "\(delivery.node)"])
        return nil
      }
      switch delivery.report.news {
      case .prepared(let hold, let preparation): return .prepared(name, hold, preparation)
      case .refused(let refusal): return .refused(name, await noted(refusal))
      case .frozen(let hold): return .frozen(name, hold)
      case .cut(let snapshots): return .cut(name, snapshots)
      case .nack(let refusal): return .nack(name, await noted(refusal))
      case .ended(let reason): return .ended(name, reason: reason)
      case .certified(let certificate):
        do {
          return .certified(certificate, try await verifier.verified(certificate))
        } catch {
          return .rejected(name, reason: "\(error)")
        }
      }
    }
  }

  /// A stale fence shows a higher epoch, which the next attempt then uses.
  private func noted(_ refusal: Refusal) async -> Refusal {
    guard refusal.code == .staleFence, let highest = refusal.highestFence else { return refusal }
    do {
      _ = try await fences.observe(highest)
    } catch {
      logger.error("epoch not raised", metadata: ["error": "\(error)"])
    }
    return refusal
  }

  private func step(
    _ machine: inout CoordinatorCut, _ event: CoordinatorCut.Event, _ plan: SealedPlan,
    _ progress: CutProgress, _ entry: AsyncStream<Input>.Continuation
  ) async -> CoordinatorCut.Result? {
    let before = machine
    let time = clock.now()
    let actions = machine.apply(event, at: time)
    if machine.isWitnessed, !before.isWitnessed {
      progress.witnessed(machine.group, within: time...max(time, clock.now()))
    }
    observer?.cutStepped(from: before, by: event, to: machine, actions)
    if case .frozen(let member, _) = event { progress.held(member) }
    for action in actions {
      switch action {
      case .begin(let fence, let members):
        progress.began(members)
        do {
          try await store.begin(fence, of: plan.plan.backup, group: machine.group, members: members)
        } catch {
          // Nothing was sent yet; without a durable attempt nothing may be.
          return .failed(sentence: "the attempt could not be stored: \(error)")
        }
      case .keep(let certificate, let fence, let member):
        do {
          try await store.keep(certificate, fence: fence, member: member)
        } catch {
          // The agent keeps it too, and the commit stores it again; only the log needs to know.
          progress.note(member, "certificate not stored yet: \(error)")
        }
      case .send(let order, let node):
        await send(order, to: node, entry)
      case .log(let member, let text):
        progress.note(member, text)
      case .finish(let result):
        return result
      }
    }
    return nil
  }

  private func send(
    _ order: CutOrder, to node: NodeID, _ entry: AsyncStream<Input>.Continuation
  ) async {
    do {
      try await gateway.send(order, to: node)
    } catch {
      entry.yield(.unreachable(order.member, error.message))
    }
  }
}
