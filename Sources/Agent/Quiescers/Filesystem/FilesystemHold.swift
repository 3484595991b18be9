internal import AgentCore
internal import CutProtocol
internal import Glibc
internal import LinuxSystem
internal import Model

/// Every filesystem of a member's volumes, ready to be frozen together.
struct FilesystemHold: PreparedHold {
  let member: ServiceName
  let mounts: [FreezableMount]
  let readiness: HoldReadiness

  func hold() async throws(Refusal) {
    let reached = await withTaskGroup(of: (Int, FreezableMount.State).self) { group in
      for (index, mount) in mounts.enumerated() {
        group.addTask { (index, await onDedicatedThread { mount.freeze() }) }
      }
      var states: [Int: FreezableMount.State] = [:]
      for await (index, state) in group { states[index] = state }
      return states
    }
    for (index, mount) in mounts.enumerated() {
      switch reached[index] {
      case .frozen: continue
      case .failed(let error) where error.code == EBUSY:
        throw Refusal(
          .busy, "freeze of \(member) refused: \(mount.path) is frozen already, by somebody else",
          hint: "another backup tool may be at work; `fsfreeze --unfreeze \(mount.path)` ends it")
      case .failed(let error) where error.code == EOPNOTSUPP:
        throw Refusal(
          .hazard, "freeze of \(member) refused: the filesystem of \(mount.path) cannot be frozen")
      case .failed(let error):
        throw Refusal(.failed, "freeze of \(member) failed: \(error)")
      default:
        throw Refusal(
          .expired, "freeze of \(member) was given up: its release came before it was in force")
      }
    }
  }

  func token() async throws(Refusal) -> StateToken {
    var values: [String: String] = [:]
    for mount in mounts {
      guard let sectors = mount.countedDevice.sectorsWritten() else {
        throw Refusal(
          .failed, "write counter of \(mount.path) of \(member) (device \(mount.device)) is gone")
      }
      values["sectors written to \(mount.countedDevice)"] = "\(sectors)"
    }
    return StateToken(quiescer: readiness.quiescer, values: values)
  }

  func release() async -> ReleaseFinding {
    let states = await runUncancelled { [mounts] in
      await onDedicatedThread(limit: .milliseconds(950)) { mounts.reversed().map { $0.release() } }
    }
    guard let states else {
      return ReleaseFinding(
        endedThisHold: false,
        finding:
          "thaw of \(member) takes longer than a second; it goes on, and the guardian thaws too",
        mayHold: true)
    }
    var findings: [String] = []
    for (mount, state) in zip(mounts.reversed(), states) {
      switch state {
      case .released(.thawed): continue
      case .released(.wasThawed):
        findings.append("\(mount.path) was thawed by somebody else before this hold ended")
      case .released(.failed(let error)): findings.append("\(error)")
      case .freezing:
        findings.append(
          "\(mount.path) was not frozen yet; it is thawed as soon as the freeze is done")
      case .releasing: findings.append("\(mount.path) is still being thawed")
      default: findings.append("\(mount.path) was not frozen")
      }
    }
    return ReleaseFinding(
      endedThisHold: findings.isEmpty,
      finding: findings.isEmpty ? nil : findings.joined(separator: "; "),
      mayHold: states.contains { $0.ending != .over })
  }

  func waitUntilOver() async -> Bool { await Ending.wait { mounts.map(\.current.ending) } }

  func discard() async {
    // Descriptors close with the last reference; a hold that was never released must not outlive this.
    _ = await release()
  }
}
