internal import LinuxSystem

extension NodeFacts {
  /// An agent's ledger and journal need little, and must never find the disk full.
  private static let scarce: Int64 = 1 << 30
  private static let none: Int64 = 64 << 20

  /// Everything that was found, the kernel first.
  package var findings: [Finding] {
    [
      KernelVerdict.finding(kernel, on: "this machine", check: "kernel"), groupFinding,
      socketFinding,
    ]
      + [kubeletFinding] + room.map(Self.finding)
  }

  private var groupFinding: Finding {
    switch groups {
    case .unified: Finding("control-groups", .good, "control groups v2")
    case .perController:
      Finding(
        "control-groups", .note,
        "control groups v1: everything but the hold `pause` works; a container's processes are found in a hierarchy for each controller"
      )
    case .absent:
      Finding(
        "control-groups", .missing,
        "/sys/fs/cgroup is not there: the guardian could not leave the agent's control group, and would end with it",
        advice: "mount the control groups, or show the machine's /sys to where this runs")
    }
  }

  private var socketFinding: Finding {
    let answering = sockets.filter { $0.value == .answers }.keys.sorted()
    let refusing = sockets.compactMap { path, socket -> String? in
      guard case .refuses(let error) = socket else { return nil }
      return "\(path): \(error.reason)"
    }.sorted()
    if let path = answering.first {
      let isUsual = path == Self.usualSockets[0]
      return Finding(
        "cri-socket", .good, "a container runtime listens at \(path)",
        advice: isUsual
          ? nil : "set criSocket: \(path) in the agent's configuration, and mount its directory")
    }
    guard refusing.isEmpty else {
      return Finding(
        "cri-socket", isRoot ? .missing : .warning,
        "the container runtime's socket does not take a connection: \(refusing.joined(separator: "; "))",
        advice: isRoot ? "start the runtime" : "ask again as root, as the agent does")
    }
    return Finding(
      "cri-socket", .missing,
      "no container runtime listens at \(sockets.keys.sorted().joined(separator: ", "))",
      advice: "say where it does: --runtime-socket PATH")
  }

  private var kubeletFinding: Finding {
    hasKubelet
      ? Finding(
        "kubelet", .good, "kubelet's directory is /var/lib/kubelet, as the manifests have it")
      : Finding(
        "kubelet", .note,
        "/var/lib/kubelet is not there: a node without Kubernetes, or a kubelet with another --root-dir",
        advice:
          "with another directory: mount it at its own path in an overlay of deploy/kubernetes/agent"
      )
  }

  private static func finding(_ room: Room) -> Finding {
    let text = "\(room.freeBytes >> 20) MiB free for \(room.path)"
    if room.freeBytes < none || room.freeFiles < 1000 {
      return Finding(
        "disk-room", .missing,
        room.freeFiles < 1000 ? "\(text), and only \(room.freeFiles) inodes" : text,
        advice: "make room: an agent that cannot record a hold refuses it")
    }
    return room.freeBytes < scarce
      ? Finding(
        "disk-room", .warning, text,
        advice: "make room before it runs out: an agent that cannot record a hold refuses it")
      : Finding("disk-room", .good, text)
  }
}
