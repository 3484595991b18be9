package import AgentCore
package import CutProtocol
internal import LinuxSystem
package import Logging
package import Model
internal import Synchronization

/// Runs the commands of restores in containers of this node.
package final class HookRunner: Sendable {
  /// Results that are remembered, the oldest forgotten first: a coordinator that lost one asks again.
  private static let mostRemembered = 256

  private let runtime: any ContainerRuntime
  private let identify: @Sendable (ContainerID, Int32) throws -> ProcessIdentity
  private let settings: QuiescerSettings
  private let logger: Logger
  private let ended = Mutex<[(run: HookRun, result: HookResult)]>([])
  private static let runs = Mutex(0)

  package init(
    runtime: any ContainerRuntime, settings: QuiescerSettings, logger: Logger,
    identify: @escaping @Sendable (ContainerID, Int32) throws -> ProcessIdentity
  ) {
    self.runtime = runtime
    self.settings = settings
    self.logger = logger
    self.identify = identify
  }

  /// Returns once the command has ended, and at once where it had before. Cancellation, and the end of this process, end the
  /// command with everything that it started.
  package func run(_ hook: HookRun) async throws(Refusal) -> HookResult {
    if let known = ended.withLock({ $0.first { $0.run == hook }?.result }) { return known }
    let process = try await process(of: hook)
    let entry = try await onDedicatedThread { [settings] () throws(Refusal) in
      let entry = try ContainerEntry(process: process, member: hook.service, settings: settings)
      try entry.require(hook.command[0])
      return entry
    }
    logger.notice("restore hook begins", metadata: metadata(hook))
    let result = try await supervise(hook, entry)
    logger.notice(
      "restore hook ended",
      metadata: metadata(hook).merging(["ending": "\(result.ending)"]) { $1 })
    ended.withLock { ended in
      ended.append((hook, result))
      ended.removeFirst(max(0, ended.count - Self.mostRemembered))
    }
    return result
  }

  private func metadata(_ hook: HookRun) -> Logger.Metadata {
    [
      "restore": "\(hook.restore)", "service": "\(hook.service)", "hook": "\(hook.number)",
      "container": "\(hook.container)",
    ]
  }

  /// The first process of exactly the container that is meant, as the runtime tells now.
  private func process(of hook: HookRun) async throws(Refusal) -> ProcessIdentity {
    let found: ObservedContainer?
    do {
      found = try await runtime.container(hook.container)
    } catch {
      throw Refusal(.busy, "the container runtime does not answer: \(error)")
    }
    guard let found, case .running(let pid) = found.state else {
      throw Refusal(.moved, "container \(hook.container) of \(hook.service) does not run any more")
    }
    guard found.podUID == hook.podUID, found.namespace == hook.namespace else {
      throw Refusal(
        .hazard, "container \(hook.container) is not one of the pod that is being restored")
    }
    do {
      return try identify(found.id, pid)
    } catch {
      throw Refusal(.moved, "the first process of container \(found.id) cannot be read: \(error)")
    }
  }

  private func supervise(_ hook: HookRun, _ entry: ContainerEntry) async throws(Refusal)
    -> HookResult
  {
    let pipe: (reading: DescriptorHandle, writing: DescriptorHandle)
    do { pipe = try DescriptorHandle.pipe() } catch {
      throw .because(error, hook.service, "restore hook")
    }
    let (reading, writing) = pipe
    let result = await withTaskCancellationHandler {
      await onDedicatedThread { Self.run(hook, entry, cancel: reading) }
    } onCancel: {
      writing.writeByte()
    }
    switch result.ending {
    case .exited(let code): return HookResult(.exited(code), output: result.output)
    case .signalled(let number): return HookResult(.signalled(number), output: result.output)
    case .timedOut: return HookResult(.timedOut, output: result.output)
    case .cancelled:
      throw Refusal(.busy, "this node's agent ends, and the restore hook with it")
    case .notStarted(let error):
      throw Refusal(.failed, "restore hook of \(hook.service) could not be started: \(error)")
    }
  }

  private static func run(_ hook: HookRun, _ entry: ContainerEntry, cancel: DescriptorHandle)
    -> SupervisedProgram.Result
  {
    let number = runs.withLock { number in
      number += 1
      return number
    }
    let own = hook.environment
    let inherited = entry.environment.filter { variable in
      !own.keys.contains { variable.hasPrefix($0 + "=") }
    }
    let arguments = entry.arguments(hook.command, withProcesses: true)
    return SupervisedProgram.run(
      path: arguments[0], arguments: Array(arguments.dropFirst()),
      environment: inherited + own.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" },
      timeout: hook.timeout.duration,
      mark: "STILLPOINT_RUN=\(entry.process.pid)-\(LinuxKernel.processNumber())-hook-\(number)",
      cancel: cancel, keeping: .end)
  }
}
