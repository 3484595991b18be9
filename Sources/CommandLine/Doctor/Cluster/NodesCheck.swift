internal import KubernetesClient
internal import LinuxSystem

/// What the nodes say of themselves, and where the coordinator's own claim would come from.
enum NodesCheck {
  static func findings(_ facts: ClusterFacts) -> [Finding] {
    facts.nodes.findings("nodes") { nodes in
      let linux = nodes.filter { info($0, "operatingSystem") != "windows" }
      return kernels(linux) + runtimes(linux) + conditions(nodes) + foreign(nodes, linux)
    } + storage(facts)
  }

  private static func info(_ node: KubernetesObject, _ field: String) -> String {
    node["status", "nodeInfo", field]?.string ?? ""
  }

  private static func kernels(_ nodes: [KubernetesObject]) -> [Finding] {
    let releases = Dictionary(grouping: nodes) { info($0, "kernelVersion") }
    return releases.keys.sorted().map { release in
      KernelVerdict.finding(release, on: names(releases[release] ?? []), check: "kernel")
    }
  }

  private static func runtimes(_ nodes: [KubernetesObject]) -> [Finding] {
    let runtimes = Dictionary(grouping: nodes) {
      String(info($0, "containerRuntimeVersion").prefix { $0 != ":" })
    }
    return runtimes.keys.sorted().map { runtime in
      let places = names(runtimes[runtime] ?? [])
      switch runtime {
      case "containerd":
        return Finding("container-runtime", .good, "containerd on \(places)")
      case "cri-o":
        return Finding(
          "container-runtime", .warning,
          "CRI-O on \(places): the manifests look for containerd's socket",
          advice:
            "set criSocket to /var/run/crio/crio.sock, and mount /var/run/crio instead of /run/containerd, in an overlay of "
            + "deploy/kubernetes/agent")
      default:
        return Finding(
          "container-runtime", .missing,
          "\(runtime.isEmpty ? "an unknown container runtime" : runtime) on \(places): agents ask containerd or CRI-O by its CRI "
            + "socket what runs",
          advice: "move these nodes to containerd, or keep the agents off them")
      }
    }
  }

  private static func conditions(_ nodes: [KubernetesObject]) -> [Finding] {
    func having(_ type: String, _ status: Set<String>) -> [KubernetesObject] {
      nodes.filter { node in
        (node["status", "conditions"]?.array ?? []).contains {
          $0["type"]?.string == type && status.contains($0["status"]?.string ?? "")
        }
      }
    }
    var findings: [Finding] = []
    let away = having("Ready", ["False", "Unknown"])
    if !away.isEmpty {
      findings.append(
        Finding(
          "nodes", .warning, "not ready: \(names(away)); what runs there cannot be held",
          advice: "kubectl describe node says why"))
    }
    let full = having("DiskPressure", ["True"])
    if !full.isEmpty {
      findings.append(
        Finding(
          "nodes", .warning,
          "short of disk room: \(names(full)); agents record there what is held, and pods are evicted",
          advice: "make room on these nodes first"))
    }
    return findings
  }

  private static func foreign(_ nodes: [KubernetesObject], _ linux: [KubernetesObject]) -> [Finding]
  {
    let windows = nodes.filter { node in !linux.contains { $0.name == node.name } }
    guard !windows.isEmpty else { return [] }
    return [
      Finding(
        "nodes", .warning, "agents do not run on Windows: \(names(windows))",
        advice: "add nodeSelector kubernetes.io/os: linux to the DaemonSet in an overlay")
    ]
  }

  private static func names(_ nodes: [KubernetesObject]) -> String {
    let names = nodes.map(\.name).sorted()
    return names.prefix(5).joined(separator: ", ")
      + (names.count > 5 ? " and \(names.count - 5) more" : "")
  }

  private static func storage(_ facts: ClusterFacts) -> [Finding] {
    facts.storageClasses.findings("storage-class") { classes in
      let defaults = classes.filter {
        $0.annotations["storageclass.kubernetes.io/is-default-class"] == "true"
      }
      guard let used = defaults.first else {
        return [
          Finding(
            "storage-class", .warning,
            "no StorageClass is the default: the claim of the coordinator's catalog stays pending",
            advice:
              "name one in the coordinator's volumeClaimTemplates by an overlay, or make one the default"
          )
        ]
      }
      return [
        Finding(
          "storage-class", .good, "the coordinator's catalog gets a volume of class \(used.name)")
      ]
    }
  }
}

/// Whether a kernel can freeze filesystems without a doubt.
enum KernelVerdict {
  static func finding(_ release: String, on place: String, check: String) -> Finding {
    let version = LinuxKernel.parse(release: release)
    guard version < (5, 17) else {
      return Finding(check, .good, "Linux \(release) on \(place)")
    }
    return Finding(
      check, .missing,
      "Linux \(release.isEmpty ? "of an unknown release" : release) on \(place): block drivers of kernels before 5.17 can fail in "
        + "mid-freeze, so every hold with 'filesystem' is refused there",
      advice: "upgrade the kernel; without it, only databases that hold themselves can be in a plan"
    )
  }
}
