import CutModel
import CutProtocol
import Foundation
import Model

/// Plays a scenario on the production machines, line by line.
struct ScenarioRun {
  private let scenario: Scenario
  private let fleet: ModelFleet
  private var nodes: [NodeModel]
  private var coordinator: CoordinatorModel
  private var now = Duration.zero
  private var orders: [CoordinatorModel.Outcome.Order] = []
  private var reports: [CutReport] = []
  private var revoked: Set<ServiceName> = []
  /// What each did in the newest event.
  private var done: [String: [String]] = [:]

  init(_ scenario: Scenario, without rule: Rule? = nil) throws {
    self.scenario = scenario
    let levels = scenario.drains ? Array((0..<scenario.members.count).reversed()) : nil
    fleet = try ModelFleet(
      scenario.members, levels: levels, policy: scenario.policy,
      freeze: FreezeLimits(cap: scenario.cap, drain: scenario.drains),
      shared: scenario.shares)
    nodes = fleet.members.map { [fleet] member in
      NodeModel(
        member, of: fleet, cap: scenario.cap,
        accepted: scenario.accepted[member.name.text] ?? .none, without: rule)
    }
    coordinator = CoordinatorModel(fleet, times: CutTimes(), without: rule)
  }

  /// Throws a `Scenario.Fault` at the first line that is not as it says.
  mutating func play() throws {
    for line in scenario.lines {
      switch line.kind {
      case .event(let time, let actor, let text):
        if let time { try advance(to: time, line.number) }
        done = [:]
        try perform(actor, text, line.number)
      case .expectation(let actor, let words): try check(actor, words, line.number)
      }
    }
  }

  private func fault(_ line: Int, _ text: String) -> Scenario.Fault {
    Scenario.Fault(file: scenario.file, line: line, text: text)
  }

  /// Nobody's time may be up unnoticed on the way.
  private mutating func advance(to time: Duration, _ line: Int) throws {
    guard time >= now else {
      throw fault(line, "\(time.shortText) is before \(now.shortText) of the line above")
    }
    for node in nodes {
      for fence in node.attempts.keys.sorted() {
        if let deadline = node.deadline(of: fence), deadline < time {
          throw fault(
            line,
            "the time of \(node.member.name) was up at \(deadline.shortText), before this line")
        }
      }
    }
    if coordinator.ending == nil, let deadline = coordinator.cut?.nextDeadline, deadline < time {
      throw fault(line, "the coordinator's time was up at \(deadline.shortText), before this line")
    }
    now = time
  }

  private mutating func perform(_ actor: String, _ text: String, _ line: Int) throws {
    var words = text
    var attempt: UInt32 = 1
    if let range = text.range(of: " of attempt ") {
      guard let number = UInt32(text[range.upperBound...]) else {
        throw fault(line, "'\(text[range.upperBound...])' is no attempt")
      }
      attempt = number
      words = String(text[..<range.lowerBound])
    }
    if actor == "coordinator" || actor == "second" {
      return try coordinate(actor, words, attempt, line)
    }
    guard let index = fleet.index(of: ServiceName(accepted: actor)) else {
      throw fault(line, "there is no member '\(actor)'")
    }
    if words == "is revoked" {
      revoked.insert(fleet.members[index].name)
      return
    }
    try happen(to: index, words, attempt, line)
  }

  private mutating func happen(to index: Int, _ words: String, _ attempt: UInt32, _ line: Int)
    throws
  {
    let node = nodes[index]
    let step: NodeModel.Step
    let name = node.member.name
    if words.hasSuffix(" arrives") || words.hasSuffix(" arrives from the second coordinator") {
      let sender = words.hasSuffix(" arrives") ? 1 : 2
      let word = words.prefix { $0 != " " }
      guard !revoked.contains(name) else {
        throw fault(line, "\(name) is revoked: no order reaches it")
      }
      guard
        let sent = orders.last(where: {
          $0.member == name && $0.order.word == word && $0.order.fence.attempt == attempt
            && $0.sender == sender
        })
      else { throw fault(line, "no \(word) of attempt \(attempt) was sent to \(name)") }
      step = .order(sent.order, from: sender)
    } else {
      let faults = NodeModel.Faults(crash: true, thirdParty: true, failures: true)
      let possible = node.steps(with: faults) + [.guardianGone]
      let wanted = words + (attempt == 1 ? "" : " of attempt \(attempt)")
      guard let found = possible.first(where: { $0.words == wanted }) else {
        let list = Set(possible.map(\.words)).sorted().joined(separator: "', '")
        throw fault(line, "'\(wanted)' cannot happen to \(name) now; possible are '\(list)'")
      }
      if case .timeIsUp(let fence) = found, let deadline = node.deadline(of: fence), deadline > now
      {
        throw fault(line, "\(name) has time until \(deadline.shortText)")
      }
      step = found
    }
    let outcome = nodes[index].take(step, at: now)
    try note(outcome.breach, line)
    reports += outcome.reports
    done[name.text] = outcome.words
  }

  private mutating func coordinate(
    _ actor: String, _ words: String, _ attempt: UInt32, _ line: Int
  ) throws {
    let step = try coordinatorStep(actor, words, attempt, line)
    let outcome = coordinator.take(step, at: now)
    try note(outcome.breach, line)
    orders += outcome.orders
    if let fence = outcome.witnessed {
      for index in nodes.indices { nodes[index].noteWitness(fence) }
    }
    if case .secondStarts = step { done["second"] = outcome.words }
    done[actor] = outcome.words
    if outcome.hasCommitted { try compareWithTruth(line) }
  }

  /// What a backup claims against what really happened to its members.
  private func compareWithTruth(_ line: Int) throws {
    guard let evidence = coordinator.store.evidence, let verdict = coordinator.store.verdict,
      verdict.grade >= .groupConsistent
    else { return }
    let left = evidence.leftOut.map(\.member)
    for node in nodes where !left.contains(node.member.name) {
      let name = node.member.name
      guard let truth = node.truth[evidence.fence], truth.snapshotsExist else {
        throw fault(line, "the snapshots of \(name) do not exist")
      }
      if !truth.heldAtWitness { throw fault(line, "\(name) was not held at the witness") }
      if !truth.cutInHold { throw fault(line, "the snapshots of \(name) are not of its hold") }
      if truth.wasBroken { throw fault(line, "the hold of \(name) was broken") }
    }
  }

  private func coordinatorStep(
    _ actor: String, _ words: String, _ attempt: UInt32, _ line: Int
  ) throws -> CoordinatorModel.Step {
    if words.hasPrefix("hears "), let range = words.range(of: " from ") {
      let word = String(words[words.index(words.startIndex, offsetBy: 6)..<range.lowerBound])
      let name = ServiceName(accepted: String(words[range.upperBound...]))
      guard !revoked.contains(name) else {
        throw fault(line, "\(name) is revoked: nothing is heard of it")
      }
      guard
        let report = reports.last(where: {
          $0.member == name && $0.news.word == word && $0.fence.attempt == attempt
        })
      else { throw fault(line, "\(name) has not reported '\(word)' in attempt \(attempt)") }
      return .hears(report, by: actor == "second" ? 2 : 1)
    }
    if words.hasPrefix("cannot reach ") {
      return .cannotReach(ServiceName(accepted: String(words.dropFirst("cannot reach ".count))))
    }
    if words == "renews" || words == "time is up" {
      guard let deadline = coordinator.cut?.nextDeadline, deadline <= now else {
        let until = coordinator.cut?.nextDeadline?.shortText ?? "for ever"
        throw fault(line, "nothing is due until \(until)")
      }
      return words == "renews" ? .renews : .timeIsUp
    }
    let steps: [CoordinatorModel.Step] = [
      .commits, .secondStarts(firstGoesOn: false), .secondStarts(firstGoesOn: true),
      .recoveryEnds, .cancels,
    ]
    guard let step = steps.first(where: { $0.words == words && $0.actor == actor }) else {
      throw fault(line, "'\(words)' is nothing that the \(actor) can do")
    }
    return step
  }

  private func note(_ breach: String?, _ line: Int) throws {
    if let breach { throw fault(line, breach) }
  }

  private func check(_ actor: String, _ words: [String], _ line: Int) throws {
    let found: [String]
    if actor == "verdict" {
      guard let verdict = coordinator.store.verdict else {
        throw fault(line, "there is no verdict yet")
      }
      found = [verdict.grade.rawValue + (verdict.drained ? " (drained)" : "")]
    } else if actor == "sentence" {
      found = (coordinator.store.verdict?.sentence ?? "").components(separatedBy: ", ")
    } else {
      let known = scenario.members + ["coordinator", "second"]
      guard known.contains(actor) else { throw fault(line, "there is no '\(actor)'") }
      found = done[actor] ?? []
    }
    guard found == words else {
      let said = words.isEmpty ? "nothing" : words.joined(separator: ", ")
      let real = found.isEmpty ? "nothing" : found.joined(separator: ", ")
      throw fault(line, "expected of \(actor): \(said)\n  but it was: \(real)")
    }
  }
}
