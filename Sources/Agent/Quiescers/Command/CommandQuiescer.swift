internal import AgentCore
internal import CutProtocol
internal import LinuxSystem
internal import Model

/// The user's own commands inside the container.
struct CommandQuiescer: Quiescer {
  let settings: QuiescerSettings

  func prepare(
    _ hold: HoldSpec, for target: HoldTarget
  ) async throws(Refusal) -> any PreparedHold {
    guard case .command(let command) = hold else {
      preconditionFailure("the set hands \(hold) to another quiescer")
    }
    let process = try process(command, target)
    let entry = try await onDedicatedThread { [settings] () throws(Refusal) in
      let entry = try ContainerEntry(
        process: process, member: target.member, settings: settings)
      for program in [command.pre.first, command.post.first].compactMap(\.self) {
        try entry.require(program)
      }
      return entry
    }
    var remarks = [
      "nothing but the commands' exit status tells whether they did what they should"
    ]
    var volumes: VolumeWatches?
    if command.fences && !target.volumes.isEmpty {
      do throws(SystemError) {
        volumes = try await onDedicatedThread { () throws(SystemError) in
          try VolumeWatches(target)
        }
      } catch {
        remarks.append("writes during the hold would not be noticed: \(error)")
      }
    }
    return CommandPreparedHold(
      member: target.member, entry: entry, command: command, volumes: volumes,
      readiness: HoldReadiness(
        quiescer: hold.quiescer, fidelity: fidelity(command), keepsFiles: volumes != nil,
        predicted: .milliseconds(100), remarks: remarks,
        rescue: rescue(command, entry), record: record(command, entry)))
  }

  private func process(
    _ command: CommandHold, _ target: HoldTarget
  ) throws(Refusal) -> ProcessIdentity {
    guard let name = command.container else { return target.process }
    guard let process = target.siblings[name] else {
      let known = target.siblings.keys.sorted().joined(separator: ", ")
      throw Refusal(
        .hazard, "\(target.member) has no running container \(name) beside it",
        hint: known.isEmpty ? nil : "its pod runs \(known)")
    }
    return process
  }

  private func fidelity(_ command: CommandHold) -> Fidelity {
    guard !command.fences else { return .full }
    return Fidelity(
      durableStateConstant: false, acknowledgedIsDurable: false, nothingAcknowledged: false,
      reasons: [
        "F1, F2, F3: the plan does not vouch that the command fences writes (`fences: true`)"
      ])
  }

  private func rescue(_ command: CommandHold, _ entry: ContainerEntry) -> [Rescue] {
    guard !command.post.isEmpty else { return [] }
    return [
      .run(
        entry.arguments(command.post, withProcesses: true), environment: entry.environment,
        timeout: command.timeout.duration)
    ]
  }

  private func record(_ command: CommandHold, _ entry: ContainerEntry) -> [RescueRecord] {
    guard !command.post.isEmpty else { return [] }
    return [
      .run(
        entry.arguments(command.post, withProcesses: true), timeout: command.timeout,
        inside: entry.process)
    ]
  }
}
