import CoordinatorCore
import CutProtocol
import Model

/// The operator: asks for backups until each has been taken in, looks at the fleet's status, deletes a backup, cancels
/// one, and asks for the last ones when every fault is over and everything is settled.
final class Requests: @unchecked Sendable {
  private let world: World
  /// The last ones, as soon as they were taken in.
  private(set) var finals: [BackupID] = []
  private var isFinalAsked = false
  private var unansweredFinals = 0
  /// How many backups were asked for and not yet taken in.
  private var pending = 0

  init(world: World) { self.world = world }

  func begin() {
    for number in 0..<world.shape.backups {
      var time = FaultSchedule.firstCut
      if number > 0 {
        time +=
          world.random.chance(300)
          ? world.random.duration(.zero, .milliseconds(200))
          : world.random.duration(.zero, .seconds(20))
      }
      pending += 1
      let plan = world.plans[number % world.plans.count].plan.name
      world.timeline.after(time) { [self] in
        ask(plan) { [self] id in
          pending -= 1
          if world.random.chance(100) { cancel(id) }
        }
      }
    }
    world.timeline.after(FaultSchedule.healAt + .seconds(1)) { [self] in poll() }
    world.timeline.after(.seconds(2)) { [self] in lookAtStatus() }
  }

  /// Everything that was asked for has happened, and nothing is left anywhere.
  var isQuiet: Bool {
    isFinalAsked && unansweredFinals == 0 && !finals.isEmpty && isSettled
      && world.nodes.allSatisfy { $0.run.records.isEmpty && world.openAttempts(on: $0).isEmpty }
  }

  private var isSettled: Bool {
    pending == 0 && world.store.backups.allSatisfy { $0.outcome != nil }
      && world.store.attempts.allSatisfy { !$0.isOpen }
  }

  private func ask(_ plan: PlanName, _ taken: @escaping @Sendable (BackupID) -> Void) {
    let again: @Sendable () -> Void = { [self] in
      world.timeline.after(.milliseconds(700)) { [self] in ask(plan, taken) }
    }
    guard let life = world.coordinator, life.process.isRunning, let core = life.core else {
      return again()
    }
    world.expectCut()
    let answer = Answered()
    life.process.spawn { [world] in
      do throws(OperationError) {
        let id = try await core.backups.createBackup(of: plan, author: "test")
        answer.isGiven = true
        taken(id)
      } catch {
        answer.isGiven = true
        world.census.count("request:refused-\(error.code.rawValue)")
        again()
      }
    }
    // Whoever asked a coordinator that has died since asks the next one.
    world.timeline.after(.seconds(5)) {
      if !answer.isGiven, !life.process.isAlive { again() }
    }
  }

  private final class Answered: @unchecked Sendable { var isGiven = false }

  private func poll() {
    guard isSettled, !isFinalAsked else {
      if !isFinalAsked { world.timeline.after(.seconds(1)) { [self] in poll() } }
      return
    }
    isFinalAsked = true
    // One after the other hides what they do to each other: where plans overlap, their backups come at once.
    let plans = world.plans.map(\.plan.name)
    let wanted = plans.count == 1 ? plans : plans + plans
    unansweredFinals = wanted.count
    deleteOne { [self] in
      for plan in wanted {
        world.timeline.after(world.random.duration(.zero, .milliseconds(300))) { [self] in
          ask(plan) { [self] id in
            unansweredFinals -= 1
            finals.append(id)
          }
        }
      }
    }
  }

  /// Somebody thinks better of a backup, whatever has become of it since.
  private func cancel(_ id: BackupID) {
    world.timeline.after(world.random.duration(.zero, .milliseconds(500))) { [self] in
      guard let life = world.coordinator, life.process.isRunning, let core = life.core else {
        return
      }
      life.process.spawn { [world] in
        do throws(OperationError) {
          try await core.backups.cancelBackup(id, author: "test")
          world.census.count("request:cancelled")
        } catch {
          world.census.count("request:not-cancelled-\(error.code.rawValue)")
        }
      }
    }
  }

  /// Sometimes the oldest backup goes, with its snapshots and no others.
  private func deleteOne(_ then: @escaping @Sendable () -> Void) {
    guard world.random.chance(300), let oldest = world.store.backups.first?.plan.plan.backup,
      let life = world.coordinator, life.process.isRunning, let core = life.core
    else { return then() }
    life.process.spawn { [world] in
      do {
        try await core.backups.deleteBackup(oldest, author: "test")
        world.census.count("request:deleted")
      } catch {
        world.violate("L3", "\(oldest) could not be deleted: \(error)")
      }
      then()
    }
  }

  /// L7: whoever is down, the coordinator's word on the fleet comes at once.
  private func lookAtStatus() {
    world.timeline.after(.seconds(3)) { [self] in lookAtStatus() }
    guard let life = world.coordinator, life.process.isRunning, let core = life.core else { return }
    let began = world.timeline.now
    life.process.spawn { [world] in
      do {
        let status = try await core.fleet.status()
        if status.nodes.contains(where: { $0.connection == .away }) {
          world.census.count("status:with-nodes-away")
        }
      } catch {
        world.census.count("status:refused")
      }
      let took = world.timeline.now - began
      if took > .milliseconds(50) { world.violate("L7", "status came after \(took)") }
    }
  }
}
