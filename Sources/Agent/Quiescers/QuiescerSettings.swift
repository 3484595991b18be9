/// What the quiescers of a node must know about the node.
package struct QuiescerSettings: Sendable {
  /// Directories whose filesystems must go on: the agent's state, the container runtime, the kubelet, logs.
  /// One that does not exist protects nothing.
  package var protectedPaths: [String]
  /// `nsenter` of util-linux, which starts clients and commands inside a container.
  package var nsenter: String
  /// Where the machine's control groups are mounted.
  package var controlGroups: String
  /// How long a client may take to connect and answer while prepare runs.
  package var prepareLimit: Duration
  /// How long an application may take to reach its hold.
  package var holdLimit: Duration

  package static let commonlyProtected = [
    "/", "/usr", "/etc", "/tmp", "/var", "/var/log", "/var/lib/containerd", "/run/containerd",
    "/var/lib/containers", "/var/lib/docker", "/var/lib/kubelet", "/var/lib/etcd",
  ]

  package init(
    protectedPaths: [String], nsenter: String = "/usr/bin/nsenter",
    controlGroups: String = "/sys/fs/cgroup", prepareLimit: Duration = .seconds(10),
    holdLimit: Duration = .seconds(5)
  ) {
    self.protectedPaths = Self.commonlyProtected + protectedPaths
    self.nsenter = nsenter
    self.controlGroups = controlGroups
    self.prepareLimit = prepareLimit
    self.holdLimit = holdLimit
  }
}
