internal import AgentCore
internal import CutProtocol
internal import LinuxSystem
internal import Model
internal import Synchronization

/// A `pre` and a `post` command that are ready to be run.
final class CommandPreparedHold: PreparedHold {
  let member: ServiceName
  let entry: ContainerEntry
  let command: CommandHold
  /// What sees writes to the member's volumes, where the plan promises that there are none.
  let volumes: VolumeWatches?
  let readiness: HoldReadiness

  private enum State {
    case ready
    /// `pre` runs; closing the pipe ends it.
    case running(cancel: DescriptorHandle)
    case held(String)
    case failed
    case released
  }
  private let state = Mutex(State.ready)
  private static let runs = Mutex(0)

  init(
    member: ServiceName, entry: ContainerEntry, command: CommandHold, volumes: VolumeWatches?,
    readiness: HoldReadiness
  ) {
    self.member = member
    self.entry = entry
    self.command = command
    self.volumes = volumes
    self.readiness = readiness
  }

  func hold() async throws(Refusal) {
    let pipe: (reading: DescriptorHandle, writing: DescriptorHandle)
    do { pipe = try DescriptorHandle.pipe() } catch { throw .because(error, member, "pre command") }
    let mayBegin = state.withLock { state in
      guard case .ready = state else { return false }
      state = .running(cancel: pipe.writing)
      return true
    }
    guard mayBegin else {
      throw Refusal(
        .expired, "hold of \(member) was given up: its release came before it was in force")
    }
    let reading = pipe.reading
    let result = await onDedicatedThread { [self] in run(command.pre, cancel: reading) }
    // What the command itself wrote is not counted.
    do throws(SystemError) {
      try await onDedicatedThread { [volumes] () throws(SystemError) in try volumes?.own.begin() }
    } catch {
      throw .because(error, member, "watching the volumes")
    }
    let exited = result?.ending == .exited(0) || result == nil
    let wasReleased = state.withLock { state in
      guard case .running = state else { return true }
      state = exited ? .held("exited with 0") : .failed
      return false
    }
    guard !wasReleased else {
      throw Refusal(.expired, "pre command of \(member) was ended by the hold's release")
    }
    if let result, !exited { throw refusal(result) }
  }

  func allHeld() throws(Refusal) {
    do { try volumes?.delegated.begin() } catch {
      throw .because(error, member, "watching the volumes that it shares")
    }
  }

  /// A command knows no state of its own; the token says that it is still the same container that was held, and, where
  /// the plan vouches for the command, that nothing was written since to the volumes that it is to hold still.
  func token() async throws(Refusal) -> StateToken {
    let ticks = try? ProcessFacts.startTicks(entry.process.pid)
    guard ticks == entry.process.startTicks else {
      throw Refusal(.moved, "container of \(member) was not the held one any more")
    }
    var values = ["process started at": "\(entry.process.startTicks)"]
    do {
      if let volumes {
        values["writes seen"] = "\(try volumes.count())"
      }
    } catch {
      throw .because(error, member, "watching the volumes")
    }
    return StateToken(quiescer: readiness.quiescer, values: values)
  }

  /// `post` runs whatever became of `pre`, once `pre` was begun; it may take as long as the plan's time limit. One that fails is run
  /// once more by the guardian.
  func release() async -> ReleaseFinding {
    let before = state.withLock { state in
      defer { state = .released }
      return state
    }
    switch before {
    case .ready, .released:
      return ReleaseFinding(endedThisHold: false, finding: "\(member) was not held")
    case .running(let cancel):
      cancel.writeByte()
      let post = await runPost()
      return ReleaseFinding(
        endedThisHold: false,
        finding: post ?? "pre command of \(member) was still running and was ended",
        mayHold: post != nil)
    case .failed:
      let post = await runPost()
      return ReleaseFinding(
        endedThisHold: false, finding: post ?? "pre command of \(member) had failed",
        mayHold: post != nil)
    case .held:
      let finding = await runPost()
      return ReleaseFinding(
        endedThisHold: finding == nil, finding: finding, mayHold: finding != nil)
    }
  }

  /// What was wrong; nil when all was well.
  private func runPost() async -> String? {
    let result = await runUncancelled { [self] in
      await onDedicatedThread { [self] in run(command.post, cancel: nil) }
    }
    guard let result, result.ending != .exited(0) else { return nil }
    return "post command of \(member) \(Self.text(result, command))"
  }

  /// Nil for a command that is not given.
  private func run(_ words: [String], cancel: DescriptorHandle?) -> SupervisedProgram.Result? {
    guard !words.isEmpty else { return nil }
    let number = Self.runs.withLock { number in
      number += 1
      return number
    }
    let arguments = entry.arguments(words, withProcesses: true)
    return SupervisedProgram.run(
      path: arguments[0], arguments: Array(arguments.dropFirst()),
      environment: entry.environment, timeout: command.timeout.duration,
      mark: "STILLPOINT_RUN=\(entry.process.pid)-\(LinuxKernel.processNumber())-\(number)",
      cancel: cancel)
  }

  private func refusal(_ result: SupervisedProgram.Result) -> Refusal {
    Refusal(.failed, "pre command of \(member) \(Self.text(result, command))")
  }

  private static func text(_ result: SupervisedProgram.Result, _ command: CommandHold) -> String {
    let said = result.output.split(separator: "\n").joined(separator: "; ")
    let tail = said.isEmpty ? "" : ": \(said)"
    return switch result.ending {
    case .exited(let code): "exited with \(code)\(tail)"
    case .signalled(let number): "was ended by signal \(number)\(tail)"
    case .timedOut: "did not end within \(command.timeout.duration.shortText) and was killed\(tail)"
    case .cancelled: "was ended\(tail)"
    case .notStarted(let error): "could not be started: \(error)"
    }
  }

  func discard() async {
    let mustRelease = state.withLock { state in
      switch state {
      case .ready, .released: false
      case .running, .held, .failed: true
      }
    }
    if mustRelease { _ = await release() }
  }
}
