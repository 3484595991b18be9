import SeededRandom
import Testing

@testable import GuardianWatch

/// Random histories against the plainest possible model of what the guardian owes.
@Suite struct `The guardian's watch under random histories` {
  private struct Model {
    var deadline: Duration
    var cap: Duration
    var actions: Int
    var started: Set<Int> = []
    var running: Set<Int> = []
  }

  @Test(arguments: UInt64(1)...300)
  func `every hold ends by its lease or cap, whatever happens, and none ends early`(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var watch = GuardianWatch()
    var holds: [HoldKey: Model] = [:]
    var now = Duration.zero
    var closed = false

    func follow(_ orders: [GuardianWatch.Order]) {
      for order in orders {
        switch order {
        case .start(let key, let action):
          guard var hold = holds[key] else {
            Issue.record("seed \(seed): \(key) is not armed"); return
          }
          #expect(closed || now >= min(hold.deadline, hold.cap), "seed \(seed): \(key) ended early")
          #expect(!hold.running.contains(action), "seed \(seed)")
          #expect(action == 0 || hold.started.contains(action - 1), "seed \(seed): out of order")
          hold.started.insert(action)
          hold.running.insert(action)
          holds[key] = hold
        case .forget(let key):
          if let hold = holds[key], !hold.started.isEmpty {
            #expect(hold.started.count == hold.actions, "seed \(seed): \(key) ended half")
          }
          holds[key] = nil
        }
      }
    }

    for step in 0..<400 {
      now += .milliseconds(Int64.random(in: 0...200, using: &random))
      follow(watch.tick(now: now))
      for (key, hold) in holds where now >= min(hold.deadline, hold.cap) {
        #expect(!hold.started.isEmpty, "seed \(seed): \(key) is held past its end")
      }
      let known = holds.keys.sorted { $0.text < $1.text }
      switch Int.random(in: 0..<6, using: &random) {
      case 0 where !closed:
        let key = HoldKey("\(step)")
        let lease = Duration.milliseconds(Int64.random(in: 1...2000, using: &random))
        let cap = Duration.milliseconds(Int64.random(in: 1...4000, using: &random))
        let count = Int.random(in: 1...3, using: &random)
        let answer = watch.arm(
          key, actions: Array(repeating: .thaw, count: count), lease: lease, cap: cap, now: now)
        #expect(answer == .armed)
        holds[key] = Model(deadline: now + lease, cap: now + cap, actions: count)
      case 1, 2:
        guard let key = known.randomElement(using: &random), var hold = holds[key] else { break }
        let isRescued = !hold.started.isEmpty
        let answer = watch.renew(key, lease: .seconds(1), now: now)
        #expect(answer == (isRescued ? .rescued : .renewed), "seed \(seed)")
        if !isRescued { hold.deadline = now + .seconds(1) }
        holds[key] = hold
      case 3:
        guard let key = known.randomElement(using: &random), let hold = holds[key] else { break }
        let (answer, orders) = watch.disarm(key, now: now)
        follow(orders)
        let isDone = holds[key] == nil
        #expect(
          answer == (hold.started.isEmpty ? .idle : isDone ? .rescued : .rescuing), "seed \(seed)")
      case 4:
        guard let key = known.randomElement(using: &random), var hold = holds[key],
          let action = hold.running.min()
        else { break }
        hold.running.remove(action)
        holds[key] = hold
        let outcomes: [GuardianWatch.Outcome] = [.done, .failed, .nothingFrozen]
        let outcome = outcomes.randomElement(using: &random) ?? .done
        follow(watch.actionEnded(key, action: action, outcome: outcome, now: now))
      default:
        guard step > 300, !closed else { break }
        closed = true
        follow(watch.peerClosed(now: now))
        #expect(watch.armedCount == 0, "seed \(seed)")
      }
    }
    if !closed {
      closed = true
      follow(watch.peerClosed(now: now))
    }
    for _ in 0..<200 where !watch.isFinished {
      now += GuardianLimits.patience
      follow(watch.tick(now: now))
      for (key, hold) in holds {
        for action in hold.running {
          holds[key]?.running.remove(action)
          follow(watch.actionEnded(key, action: action, outcome: .done, now: now))
        }
      }
    }
    #expect(watch.isFinished, "seed \(seed): something is still held")
  }
}
