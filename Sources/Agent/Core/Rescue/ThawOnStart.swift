internal import CutProtocol
internal import Foundation
internal import Glibc
internal import LinuxSystem
internal import Model

/// Ends whatever the run directory says was held when agent and guardian went away. Done before anything else.
///
/// All thaws come first, then everything else record by record. A record goes when all of it was done; one
/// that cannot be read is kept aside under the name `….unreadable`.
package struct ThawOnStart: Sendable {
  package struct Finding: Hashable, Sendable, CustomStringConvertible {
    package enum Outcome: Hashable, Sendable {
      /// Something was still held, and is no longer.
      case ended
      /// Nothing was to be ended any more.
      case alreadyOver
      /// A person has to look.
      case failed
    }

    package var outcome: Outcome
    /// One sentence that names the member and what was done.
    package var description: String
  }

  private let store: HoldRecordStore
  private let boot: String

  /// `boot` is this boot's ID.
  package init(store: HoldRecordStore, boot: String) {
    self.store = store
    self.boot = boot
  }

  /// Blocks nothing but a thread of its own.
  package func perform() async -> [Finding] {
    await onDedicatedThread { performBlocking() }
  }

  private func performBlocking() -> [Finding] {
    var findings: [Finding] = []
    var records: [(path: String, record: HoldRecord, failed: Bool)] = []
    for path in recordPaths() {
      switch RecordFile.read(path) {
      case .whole(let record): records.append((path, record, false))
      case .partial(let record, let reason):
        findings.append(setAside(path, reason: reason))
        records.append((path, record, true))
      case .unreadable(let reason): findings.append(setAside(path, reason: reason))
      }
    }
    for thaws in [true, false] {
      for index in records.indices {
        let record = records[index].record
        for action in record.rescue where action.isThaw == thaws {
          let finding = perform(action, of: record)
          findings.append(finding)
          if finding.outcome == .failed { records[index].failed = true }
        }
      }
    }
    for (path, record, failed) in records where !failed {
      if unlink(path) != 0 && errno != ENOENT {
        let error = SystemError("unlink", path, code: errno)
        findings.append(
          Finding(
            outcome: .failed, description: "record of hold \(record.hold) stays behind: \(error)"))
      }
    }
    return findings
  }

  private func recordPaths() -> [String] {
    // No directory means that nothing was ever held since the machine started.
    guard let names = try? DescriptorHandle.directory(store.directory).names() else { return [] }
    return names.sorted().filter { $0.hasSuffix(".json") }.map { "\(store.directory)/\($0)" }
  }

  private func setAside(_ path: String, reason: String) -> Finding {
    let kept = path + ".unreadable"
    let moved = rename(path, kept) == 0
    return Finding(
      outcome: .failed,
      description:
        "record \(moved ? kept : path) of a hold is damaged (\(reason)); look for frozen "
        + "filesystems of this node's volumes, `fsfreeze --unfreeze` ends them, and for control groups with 1 in "
        + "cgroup.freeze, 0 in it ends that")
  }

  private func perform(_ action: RescueRecord, of record: HoldRecord) -> Finding {
    let sameBoot = record.hold.boot == boot
    let (outcome, text) =
      switch action {
      case .thaw(let mountPoint, let device):
        sameBoot
          ? RecordedRescue.thaw(mountPoint: mountPoint, device: device)
          : (.alreadyOver, "freeze of \(mountPoint) ended with the earlier boot")
      case .unpause(let group, let inode):
        sameBoot
          ? RecordedRescue.unpause(group, inode: inode)
          : (.alreadyOver, "pause of \(group) ended with the earlier boot")
      case .kill(let pid, let startTicks):
        sameBoot
          ? RecordedRescue.kill(pid: pid, startTicks: startTicks)
          : (.alreadyOver, "session process \(pid) ended with the earlier boot")
      case .run(let arguments, let timeout, let inside):
        RecordedRescue.run(
          arguments, timeout: timeout.duration, inside: inside, sameBoot: sameBoot)
      }
    return Finding(
      outcome: outcome, description: "\(record.member), hold \(record.hold): \(text)")
  }
}

extension RescueRecord {
  fileprivate var isThaw: Bool {
    switch self {
    case .thaw, .unpause: true
    case .kill, .run: false
    }
  }
}
