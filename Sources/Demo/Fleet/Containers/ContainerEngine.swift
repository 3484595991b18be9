internal import CRIWire
internal import FoundationEssentials
internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import SwiftProtobuf

/// One node's containerd: its configuration, its process, its pods through the container runtime
/// interface.
package struct ContainerEngine: Sendable {
  private let fleet: FleetDirectory
  private let directory: String
  package let daemon: Daemon

  /// The socket that serves the container runtime interface.
  package var socket: String { "\(directory)/containerd.sock" }

  /// - Parameter directory: holds everything of this containerd.
  package init(
    node: String, namespace: String, directory: String, fleet: FleetDirectory
  ) throws {
    self.fleet = fleet
    self.directory = directory
    try FileManager.default.createDirectory(
      atPath: directory + "/cni", withIntermediateDirectories: true)
    let file = "\(directory)/containerd.toml"
    daemon = Daemon(
      "containerd-\(node)", in: namespace, of: fleet,
      command: ["/usr/bin/containerd", "--config", file])
    try fleet.write(Self.configuration(in: directory), to: file)
  }

  private static func configuration(in directory: String) -> String {
    """
    version = 2
    root = "\(directory)/root"
    state = "\(directory)/state"
    disabled_plugins = [
      "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
      "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
    ]
    [grpc]
      address = "\(directory)/containerd.sock"
    [plugins."io.containerd.internal.v1.opt"]
      path = "\(directory)/opt"
    [plugins."io.containerd.grpc.v1.cri"]
      sandbox_image = "\(ImageSet.pause)"
      restrict_oom_score_adj = true
      disable_hugetlb_controller = true
      disable_apparmor = true
      disable_tcp_service = true
      stream_server_address = "127.0.0.1"
      stream_server_port = "0"
    [plugins."io.containerd.grpc.v1.cri".cni]
      conf_dir = "\(directory)/cni"
      bin_dir = "/usr/lib/cni"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      Root = "\(directory)/runc"

    """
  }

  /// Starts containerd and waits until it answers.
  package func start() async throws {
    try daemon.start()
    try await waitUntil(
      "an answer of \(daemon.name)", within: .seconds(60), log: daemon.log
    ) {
      guard daemon.isRunning else {
        throw DemoError("\(daemon.name) ended at its start", log: daemon.log)
      }
      do {
        try await withRuntime { runtime in _ = try await runtime.version(.init()) }
        return true
      } catch is RPCError {
        return false
      }
    }
  }

  /// Makes the images available to pods.
  package func load(_ images: ImageSet) async throws {
    for archive in images.archives {
      try await Command(
        "ctr", ["--address", socket, "--namespace", "k8s.io", "images", "import", archive]
      )
      .run()
    }
  }

  /// Starts the workload in a pod of its own, in the node's network.
  package func run(_ workload: Workload) async throws -> RunningWorkload {
    for mount in workload.mounts where !FileManager.default.fileExists(atPath: mount.source) {
      // The runtime would make an empty directory of it and say nothing.
      throw DemoError("\(mount.source), to be mounted in \(workload.name), does not exist")
    }
    let logs = "\(directory)/pods/\(workload.name)-\(UInt32.random(in: 0...UInt32.max))"
    try FileManager.default.createDirectory(atPath: logs, withIntermediateDirectories: true)
    let pod = Self.pod(for: workload, in: fleet.id, logs: logs)
    return try await withRuntime { runtime in
      let podID = try await runtime.runPodSandbox(.with { $0.config = pod }).podSandboxID
      let containerID = try await runtime.createContainer(
        .with {
          $0.podSandboxID = podID
          $0.config = Self.container(for: workload)
          $0.sandboxConfig = pod
        }
      ).containerID
      _ = try await runtime.startContainer(.with { $0.containerID = containerID })
      return RunningWorkload(
        pod: podID, container: containerID, log: "\(logs)/\(workload.name).log")
    }
  }

  /// Stops the workload as its orchestrator would, and removes its pod.
  ///
  /// - Parameter grace: how long its process may take to end by itself; whole seconds.
  package func stop(_ workload: RunningWorkload, grace: Duration = .seconds(20)) async throws {
    var options = CallOptions.defaults
    options.timeout = grace + .seconds(30)
    try await withRuntime { runtime in
      let order = Runtime_V1_StopContainerRequest.with {
        $0.containerID = workload.container
        $0.timeout = grace.components.seconds
      }
      do {
        _ = try await runtime.stopContainer(order, options: options)
      } catch let error as RPCError where error.code == .deadlineExceeded {
        // containerd waits without end for an exit that it was not told of; asked again, it looks.
        _ = try await runtime.stopContainer(order, options: options)
      }
      _ = try await runtime.stopPodSandbox(.with { $0.podSandboxID = workload.pod })
      _ = try await runtime.removePodSandbox(.with { $0.podSandboxID = workload.pod })
    }
  }

  /// Whether the workload's container runs.
  package func isRunning(_ workload: RunningWorkload) async throws -> Bool {
    try await withRuntime { runtime in
      let answer = try await runtime.containerStatus(.with { $0.containerID = workload.container })
      return answer.status.state == .containerRunning
    }
  }

  /// Runs a command inside the workload's container, as its user, and answers what it printed.
  ///
  /// - Throws: ``DemoError`` when it ends with any status but 0 or takes longer than `limit`.
  package func execute(
    _ command: [String], in workload: RunningWorkload, within limit: Duration = .seconds(120)
  ) async throws -> String {
    let words = command.joined(separator: " ")
    do {
      return try await withRuntime { runtime in
        let answer = try await runtime.execSync(
          .with {
            $0.containerID = workload.container
            $0.cmd = command
            $0.timeout = limit.components.seconds
          })
        let output = String(decoding: answer.stdout, as: UTF8.self)
        guard answer.exitCode == 0 else {
          let errors = String(decoding: answer.stderr, as: UTF8.self)
          throw DemoError(
            "'\(words)' ended with status \(answer.exitCode): \((output + errors).trimmed)",
            log: workload.log)
        }
        return output
      }
    } catch let error as RPCError {
      throw DemoError("'\(words)' could not be run: \(error.message)", log: workload.log)
    }
  }

  // MARK: The container runtime interface

  private func withRuntime<Answer: Sendable>(
    _ body: (Runtime_V1_RuntimeService.Client<HTTP2ClientTransport.Posix>) async throws -> Answer
  ) async throws -> Answer {
    // Longer than any call takes, a command in a container included: an engine that hangs is an error, not a wait.
    let everyCall = MethodConfig(
      names: [.init(service: "", method: "")], timeout: .seconds(300))
    let transport = try HTTP2ClientTransport.Posix(
      target: .unixDomainSocket(path: socket, authority: "localhost"),
      transportSecurity: .plaintext, serviceConfig: ServiceConfig(methodConfig: [everyCall]))
    return try await withGRPCClient(transport: transport) { client in
      try await body(Runtime_V1_RuntimeService.Client(wrapping: client))
    }
  }

  private static func pod(
    for workload: Workload, in fleet: RunID, logs: String
  ) -> Runtime_V1_PodSandboxConfig {
    .with {
      $0.metadata.name = workload.name
      $0.metadata.namespace = "shop"
      // A stopped pod's name stays taken until it is removed; a new identity never collides.
      $0.metadata.uid = "\(fleet)-\(workload.name)-\(UInt64.random(in: 0...UInt64.max))"
      $0.labels = ["app": workload.name]
      $0.logDirectory = logs
      $0.linux.cgroupParent = "/\(fleet.cgroup)"
      $0.linux.securityContext.namespaceOptions = namespaces
    }
  }

  private static func container(for workload: Workload) -> Runtime_V1_ContainerConfig {
    let system = ["/usr", "/etc"].map { Workload.Mount($0, at: $0, isReadOnly: true) }
    return .with {
      $0.metadata.name = workload.name
      $0.image.image = ImageSet.host
      $0.command = workload.command
      $0.envs = workload.environment.sorted { $0.key < $1.key }.map { entry in
        .with {
          $0.key = entry.key
          $0.value = Data(entry.value.utf8)
        }
      }
      $0.labels = ["app": workload.name]
      $0.logPath = "\(workload.name).log"
      $0.mounts = (system + workload.mounts).map { mount in
        .with {
          $0.hostPath = mount.source
          $0.containerPath = mount.target
          $0.readonly = mount.isReadOnly
        }
      }
      $0.linux.securityContext.namespaceOptions = namespaces
      $0.linux.securityContext.runAsUser.value = Int64(workload.account.user)
      $0.linux.securityContext.runAsGroup.value = Int64(workload.account.group)
      $0.linux.securityContext.noNewPrivs = true
    }
  }

  /// The node's own network, as a pod with `hostNetwork` has it; everything else the pod's own.
  private static var namespaces: Runtime_V1_NamespaceOption {
    .with {
      $0.network = .node
      $0.pid = .container
    }
  }
}
