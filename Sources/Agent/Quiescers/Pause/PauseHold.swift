internal import AgentCore
internal import CutProtocol
internal import Glibc
internal import LinuxSystem
internal import Model

/// Every container of a member that may write to its volumes, ready to be paused together.
struct PauseHold: PreparedHold {
  let member: ServiceName
  let groups: [PausedGroup]
  /// The first process of the member's own container.
  let process: Int32
  /// Nil where the volumes cannot be watched.
  let watches: VolumeWatches?
  let writers: OpenWriters
  let flushed: FlushedVolumes
  /// How long the processes may take to stop, and their pages to be written, each.
  let limit: Duration
  let readiness: HoldReadiness

  /// The kernel may keep the notice of a change for 10 ms, one tick more at 100 Hz: once nothing was told for this long, none is
  /// outstanding, and the next is told at once.
  static let settling = Duration.milliseconds(25)

  func hold() async throws(Refusal) {
    do throws(Refusal) {
      try await onDedicatedThread { [self] () throws(Refusal) in try stop() }
      try await flush()
      do throws(SystemError) {
        try await onDedicatedThread { [watches] () throws(SystemError) in try watches?.own.begin() }
      } catch {
        throw .because(error, member, "watching the volumes")
      }
    } catch {
      _ = await release()
      throw error
    }
  }

  private func flush() async throws(Refusal) {
    // A disk that takes its time must not keep the pause from being given up.
    let result = await onDedicatedThread(limit: limit) { [flushed] in
      Result { () throws(SystemError) in try flushed.flush() }
    }
    switch result {
    case .success: return
    case .failure(let error): throw .because(error, member, "flush")
    case nil:
      throw Refusal(
        .busy,
        "pause of \(member) was given up: writing its pages took longer than \(limit.shortText)")
    }
  }

  func allHeld() throws(Refusal) {
    do { try watches?.delegated.begin() } catch {
      throw .because(error, member, "watching the volumes that it shares")
    }
  }

  /// Stops all groups, and waits until whatever their processes did on the way is told. Blocks its thread.
  private func stop() throws(Refusal) {
    let deadline = LinuxKernel.timeSinceBoot() + limit
    var current = groups[0]
    do throws(SystemError) {
      for group in groups {
        current = group
        try group.ask()
      }
      while true {
        for group in groups {
          current = group
          try group.waitUntilStopped(deadline)
        }
        pause(Self.settling)
        var isSettled = true
        for group in groups {
          current = group
          if try !group.beginHold() { isSettled = false }
        }
        if isSettled { return }
      }
    } catch {
      throw refusal(error, current)
    }
  }

  private func refusal(_ error: SystemError, _ group: PausedGroup) -> Refusal {
    switch error.code {
    case EBUSY:
      Refusal(
        .busy,
        "pause of \(member) refused: container \(group.container) is paused already, by somebody else",
        hint: "0 in \(group.group.path)/cgroup.freeze, or the runtime's own command, lets it go on")
    case ETIMEDOUT:
      Refusal(
        .busy,
        "pause of \(member) was given up: \(runner(group)) of container \(group.container) did not stop within \(limit.shortText)"
      )
    case ENOTEMPTY:
      Refusal(.hazard, "pause of \(member) was given up: \(PausedGroup.divided(group.container))")
    case ECANCELED:
      Refusal(.expired, "pause of \(member) was given up: its release came before it was in force")
    default: .because(error, member, "pause")
    }
  }

  /// The process that keeps a group from being stopped, if one sleeps in the kernel.
  private func runner(_ group: PausedGroup) -> String {
    for process in ((try? group.group.processes()) ?? []).sorted() {
      guard let text = try? TextFile.read("/proc/\(process)/stat", limit: 4096),
        let end = text.lastIndex(of: ")"), text[end...].dropFirst(2).first == "D"
      else { continue }
      return "process \(process) (\(ProcessFacts.name(process))), which waits in the kernel,"
    }
    return "a process"
  }

  /// That no process has run since the hold began, that none has left its group, and what was written to the volumes all the same.
  func token() async throws(Refusal) -> StateToken {
    let values = try await onDedicatedThread { [self] () throws(Refusal) in try sample() }
    return StateToken(quiescer: readiness.quiescer, values: values)
  }

  private func sample() throws(Refusal) -> [String: String] {
    var values: [String: String] = [:]
    let broken: String?
    do throws(SystemError) {
      if let watches { values["writes seen"] = "\(try watches.count())" }
      var breaches: [String] = []
      for group in groups {
        values["paused \(group.container)"] = "inode \(group.group.inode)"
        if let breach = try breach(of: group) { breaches.append(breach) }
      }
      broken = breaches.first
    } catch {
      throw .because(error, member, "looking at its pause")
    }
    if let broken { throw Refusal(.failed, broken) }
    return values
  }

  /// What was seen of a group that shows that some process may have run.
  private func breach(of group: PausedGroup) throws(SystemError) -> String? {
    if let process = try group.processThatLeft() {
      return
        "process \(process) of container \(group.container) was taken out of its control group"
    }
    return try group.isUnbroken()
      ? nil : "container \(group.container) of \(member) ran during its pause"
  }

  func release() async -> ReleaseFinding {
    let states = await runUncancelled { [self] in
      await onDedicatedThread(limit: .milliseconds(950)) { letGo() }
    }
    guard let states else {
      return ReleaseFinding(
        endedThisHold: false,
        finding:
          "ending the pause of \(member) takes longer than a second; it goes on, and the guardian ends it too",
        mayHold: true)
    }
    let findings = zip(groups.reversed(), states).compactMap { group, state -> String? in
      switch state {
      case .released(.letGo): nil
      case .released(.hadRun): "container \(group.container) had run before its pause was ended"
      case .released(.failed(let error)): "\(error)"
      default: "container \(group.container) was not paused"
      }
    }
    return ReleaseFinding(
      endedThisHold: findings.isEmpty,
      finding: findings.isEmpty ? nil : findings.joined(separator: "; "),
      mayHold: states.contains { $0.ending != .over })
  }

  func waitUntilOver() async -> Bool { await Ending.wait { groups.map(\.current.ending) } }

  @discardableResult
  private func letGo() -> [PausedGroup.State] { groups.reversed().map { $0.release() } }

  /// Whoever had opened a file since prepare could have written to it by a mapping, which no watch sees.
  func examine() async -> String? {
    guard readiness.fidelity.durableStateConstant else { return nil }
    // The kernel makes whoever looks at a process wait for it, however long that one waits itself.
    let finding = await onDedicatedThread(limit: OpenWriters.limit) { [self] () -> String? in
      do throws(SystemError) {
        var all: Set<Int32> = []
        for group in groups { all.formUnion(try group.group.processes()) }
        return try writers.first(outside: all)
      } catch {
        return "who has volumes of \(member) open cannot be told: \(error)"
      }
    }
    guard let finding else {
      return "who has volumes of \(member) open was not told within \(OpenWriters.limit.shortText)"
    }
    return finding
  }

  func discard() async {
    // A hold that was never released must not outlive this.
    _ = await release()
  }
}
