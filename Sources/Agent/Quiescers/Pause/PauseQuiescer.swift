internal import AgentCore
internal import CutProtocol
internal import LinuxSystem
internal import Model

/// Stops every process of the containers that have the member's volumes, by the freezer of control groups (version 2).
///
/// What the processes have written is then what a `kill -9` of all of them would leave, and it stays so: also for a driver that copies
/// file by file.
struct PauseQuiescer: Quiescer {
  let settings: QuiescerSettings

  func prepare(
    _ hold: HoldSpec, for target: HoldTarget
  ) async throws(Refusal) -> any PreparedHold {
    guard !target.isAskedLater else {
      throw Refusal(
        .hazard,
        "pause of \(target.member) refused: a hold that is named after it asks the application, which cannot answer then",
        hint: "name `pause` after the application's own hold")
    }
    // Among what it looks at are processes that may wait in the kernel themselves.
    let result = await onDedicatedThread(limit: OpenWriters.limit) { [settings] in
      Result { () throws(Refusal) in try Self.prepared(hold, target, settings) }
    }
    guard let result else {
      throw Refusal(
        .busy,
        "pause of \(target.member) refused: the node's processes could not be looked at within \(OpenWriters.limit.shortText)"
      )
    }
    return try result.get()
  }

  private static func prepared(
    _ hold: HoldSpec, _ target: HoldTarget, _ settings: QuiescerSettings
  ) throws(Refusal) -> PauseHold {
    let finding = PausedGroups(settings: settings, target: target)
    let groups = try finding.groups()
    let remark =
      "nothing in \(groups.map(\.container).joined(separator: ", ")) answers while it is paused, \(target.cap.shortText) at most: a liveness probe has to bear that"
    var reasons = finding.unknownSharers()
    var watches: VolumeWatches?
    if !target.volumes.isEmpty {
      do throws(SystemError) { watches = try VolumeWatches(target) } catch {
        reasons.append("F1: what others write during the pause would not be noticed: \(error)")
      }
    }
    let flushed: FlushedVolumes
    let writers: OpenWriters
    let predicted: Duration
    do throws(SystemError) {
      writers = try OpenWriters(target)
      reasons += [try writers.first(outside: processes(of: groups))].compactMap(\.self)
      flushed = try FlushedVolumes(target)
      predicted = try flushed.predicted()
    } catch {
      throw Refusal.because(error, target.member, "preparing its pause")
    }
    let isStill = reasons.isEmpty
    return PauseHold(
      member: target.member, groups: groups, process: target.process.pid, watches: watches,
      writers: writers, flushed: flushed, limit: min(settings.holdLimit, target.cap / 2),
      readiness: HoldReadiness(
        quiescer: hold.quiescer,
        fidelity: Fidelity(
          durableStateConstant: isStill, acknowledgedIsDurable: false, nothingAcknowledged: true,
          reasons: reasons + [
            "F2, F3: a pause does not know whether \(target.member) acknowledges only what it has made durable; its own quiescer does"
          ]),
        keepsFiles: isStill, stopsApplication: true,
        predicted: predicted + PauseHold.settling,
        remarks: [remark], rescue: groups.map { .unpause($0.group.freezer) },
        record: groups.map { .unpause(controlGroup: $0.group.path, inode: $0.group.inode) }))
  }

  private static func processes(of groups: [PausedGroup]) throws(SystemError) -> Set<Int32> {
    var all: Set<Int32> = []
    for group in groups { all.formUnion(try group.group.processes()) }
    return all
  }
}
