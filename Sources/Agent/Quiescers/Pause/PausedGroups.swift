internal import AgentCore
internal import CutProtocol
internal import Glibc
internal import LinuxSystem
internal import Model

/// Finds the control groups of all containers of a member's pod that may write to its volumes. Blocks its thread, a dedicated one.
struct PausedGroups {
  let settings: QuiescerSettings
  let target: HoldTarget

  /// The member's own container first. Containers that share a group have it once.
  func groups() throws(Refusal) -> [PausedGroup] {
    let root = try unifiedRoot()
    var found = [try group(of: target.process, named: "\(target.process.container)", root)]
    for (name, process) in target.siblings.sorted(by: { $0.key < $1.key })
    where process.pid != target.process.pid && !writable(by: process, of: ownVolumes).isEmpty {
      let other = try group(of: process, named: name, root)
      if !found.contains(where: { $0.group.path == other.group.path }) { found.append(other) }
    }
    return found
  }

  /// Containers of the pod that may write to a volume which other members of the cut share: whether one of those is held is known to
  /// nobody here.
  func unknownSharers() -> [String] {
    let shared = target.volumes.filter { $0.delegate != nil }
    return target.siblings.sorted { $0.key < $1.key }.compactMap { name, process in
      guard process.pid != target.process.pid,
        let volume = writable(by: process, of: shared).first
      else { return nil }
      return
        "F1: container \(name) of its pod may write to \(volume.containerPath), and whether it is held is not known"
    }
  }

  private var ownVolumes: [MemberVolume] { target.volumes.filter { $0.delegate == nil } }

  private func unifiedRoot() throws(Refusal) -> String {
    do throws(SystemError) {
      if let root = try ControlGroups(at: settings.controlGroups).unified { return root }
    } catch {
      throw refused(
        "no control groups are at \(settings.controlGroups)",
        hint: "`machineControlGroups` of the agent names where the machine's /sys/fs/cgroup is")
    }
    throw refused(
      "the node has control groups of version 1 only, which cannot tell that a pause lasted",
      hint: "boot it with systemd.unified_cgroup_hierarchy=1, or use another hold")
  }

  private func group(
    of process: ProcessIdentity, named name: String, _ root: String
  ) throws(Refusal) -> PausedGroup {
    let group: ControlGroup
    do throws(SystemError) {
      guard let path = try ControlGroup.path(of: process.pid, root: root) else {
        throw SystemError("pause", "container \(name)", code: ECHILD)
      }
      group = try ControlGroup(path: path)
      guard try group.processes().contains(process.pid) else {
        throw SystemError("pause", path, code: ESRCH)
      }
    } catch {
      throw refusal(error, name)
    }
    try checkProcesses(of: group, name)
    return PausedGroup(group: group, container: name)
  }

  private func refusal(_ error: SystemError, _ name: String) -> Refusal {
    switch error.code {
    case ECHILD:
      refused(
        "container \(name) has no control group (version 2) of its own",
        hint:
          "its runtime still uses version 1: boot the node with systemd.unified_cgroup_hierarchy=1")
    case ENOTEMPTY: refused(PausedGroup.divided(name))
    case EACCES, EPERM, EROFS:
      refused(
        "\(error.subject) of container \(name) cannot be written: \(error.reason)",
        hint:
          "the machine's own /sys/fs/cgroup must be writable for the agent (`machineControlGroups`)"
      )
    case EXDEV, ESRCH, ENOENT:
      refused(
        "the control group of container \(name) is not found below \(settings.controlGroups): \(error)",
        hint:
          "the agent must see the machine's own /sys/fs/cgroup (`machineControlGroups`), and its processes (`hostPID`); Linux 5.2 or later"
      )
    default: Refusal.because(error, target.member, "finding the control group of container \(name)")
    }
  }

  /// A group that also has processes of the node, or this agent, must go on.
  private func checkProcesses(of group: ControlGroup, _ name: String) throws(Refusal) {
    let nodes = Set(
      [LinuxKernel.processNumber(), 1].compactMap { try? ProcessFacts.mountNamespace($0) })
    // A process that ends meanwhile has no namespace any more, and needs nothing.
    for process in (try? group.processes()) ?? [] {
      guard let namespace = try? ProcessFacts.mountNamespace(process), nodes.contains(namespace)
      else { continue }
      throw refused(
        "the control group of container \(name), \(group.path), also has process \(process) (\(ProcessFacts.name(process))) of the node"
      )
    }
  }

  /// Those volumes that another process of the pod has mounted, in whole or in part, and may write to.
  private func writable(by process: ProcessIdentity, of volumes: [MemberVolume]) -> [MemberVolume] {
    // Without its mounts nothing is known of it: then it counts as one that has them.
    guard let own = try? MountTable.read(process: target.process.pid),
      let other = try? MountTable.read(process: process.pid)
    else { return volumes }
    return volumes.filter { volume in
      guard let mount = own.mount(at: volume.containerPath) else { return true }
      return other.mounts(of: mount.device).contains {
        !$0.isReadOnly
          && (MountTable.contains(mount.root, $0.root) || MountTable.contains($0.root, mount.root))
      }
    }
  }

  private func refused(_ reason: String, hint: String? = nil) -> Refusal {
    Refusal(.hazard, "pause of \(target.member) refused: \(reason)", hint: hint)
  }
}
