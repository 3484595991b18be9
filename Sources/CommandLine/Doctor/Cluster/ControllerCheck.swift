internal import KubernetesClient

/// The snapshot-controller and the drivers' sidecars, as far as workloads of the cluster show them.
enum ControllerCheck {
  /// A program of external-snapshotter in a workload.
  struct Program: Hashable {
    var name: String
    var flags: [String: String]
    var isReady: Bool

    /// What the program does without the flag (external-snapshotter, `cmd/`).
    private static let rate = 5.0
    /// Enough for about ten claims a second.
    private static let enough = 50.0

    var isSlow: Bool { (flags["kube-api-qps"].flatMap(Double.init) ?? Self.rate) < Self.enough }

    var makesGroups: Bool {
      flags["enable-volume-group-snapshots"].map { $0 != "false" }
        ?? (flags["feature-gates"] ?? "").split(separator: ",")
        .contains("CSIVolumeGroupSnapshot=true")
    }

    /// The flags that decide how fast it is.
    var pace: String {
      ["kube-api-qps", "kube-api-burst", "worker-threads"].map { name in
        "--\(name)" + (flags[name].map { "=\($0)" } ?? " not given")
      }.joined(separator: ", ")
    }
  }

  static func findings(_ facts: ClusterFacts) -> [Finding] {
    facts.workloads.findings("snapshot-controller") { workloads in
      let controllers = programs("snapshot-controller", in: workloads)
      let sidecars = programs("csi-snapshotter", in: workloads)
      return presence(controllers, traces(facts)) + pace(controllers, "snapshot-controller")
        + pace(sidecars, "csi-snapshotter") + groups(controllers + sidecars, facts)
    }
  }

  /// The newest snapshot that somebody made ready; nil where there is none to be seen.
  private static func traces(_ facts: ClusterFacts) -> KubernetesObject? {
    guard case .success(let snapshots) = facts.snapshots else { return nil }
    return snapshots.filter { $0["status", "readyToUse"]?.bool == true }
      .max {
        ($0["metadata", "creationTimestamp"]?.string ?? "")
          < ($1["metadata", "creationTimestamp"]?.string ?? "")
      }
  }

  private static func presence(_ controllers: [Program], _ trace: KubernetesObject?) -> [Finding] {
    let check = "snapshot-controller"
    guard !controllers.isEmpty else {
      if let trace {
        return [
          Finding(
            check, .note,
            "no workload runs snapshot-controller, but VolumeSnapshot \(trace.key) was made ready: it runs out of sight, and so do "
              + "its flags", advice: "'stillpoint plan check PLAN' measures how fast it is")
        ]
      }
      return [
        Finding(
          check, .warning,
          "no workload runs snapshot-controller: unless the cluster's provider runs it out of sight, no VolumeSnapshot is ever cut",
          advice:
            "install it: kubectl apply -k 'https://github.com/kubernetes-csi/external-snapshotter/deploy/kubernetes/"
            + "snapshot-controller?ref=v8.6.0'; then 'stillpoint plan check PLAN' shows whether it answers"
        )
      ]
    }
    guard controllers.contains(where: \.isReady) else {
      return [
        Finding(
          check, .missing,
          "snapshot-controller (\(names(controllers))) has no replica that is ready: no VolumeSnapshot is cut",
          advice: "kubectl describe it, and its pods")
      ]
    }
    return [Finding(check, .good, "snapshot-controller runs: \(names(controllers))")]
  }

  private static func pace(_ programs: [Program], _ name: String) -> [Finding] {
    programs.sorted { $0.name < $1.name }.map { program in
      program.isSlow
        ? Finding(
          "snapshot-pace", .warning,
          "\(name) of \(program.name) is slow (\(program.pace)): eighty claims at once take it more than a minute, in which "
            + "applications are held or their plan is refused",
          advice:
            "raise its flags, for example --kube-api-qps=100 --kube-api-burst=200 --worker-threads=50"
        )
        : Finding("snapshot-pace", .good, "\(name) of \(program.name): \(program.pace)")
    }
  }

  private static func groups(_ programs: [Program], _ facts: ClusterFacts) -> [Finding] {
    // Where nothing can use them, there is nothing to say.
    guard case .success(let classes) = facts.groupClasses, !classes.isEmpty else { return [] }
    let without = programs.filter { !$0.makesGroups }
    guard !without.isEmpty else { return [] }
    return [
      Finding(
        "group-snapshots", .warning,
        "VolumeGroupSnapshotClasses exist, but these programs are not told to make groups: \(names(without)); cuts that wait for "
          + "one end with their holds' time",
        advice:
          "give each --feature-gates=CSIVolumeGroupSnapshot=true (older releases: --enable-volume-group-snapshots), or delete "
          + "the classes")
    ]
  }

  private static func names(_ programs: [Program]) -> String {
    programs.map(\.name).sorted().joined(separator: ", ")
  }

  // MARK: Finding them

  static func programs(_ name: String, in workloads: [KubernetesObject]) -> [Program] {
    workloads.flatMap { workload in
      (workload["spec", "template", "spec", "containers"]?.array ?? []).compactMap { container in
        guard image(container["image"]?.string ?? "", is: name) else { return nil }
        let words = ["command", "args"].flatMap { container[$0]?.array ?? [] }.compactMap(\.string)
        return Program(
          name: "\(workload.kind) \(workload.key)", flags: flags(words), isReady: isReady(workload))
      }
    }
  }

  /// Whether the last part of a reference, without tag and digest, is that name, or a distribution's variant of it.
  private static func image(_ reference: String, is name: String) -> Bool {
    let last = reference.split(separator: "/").last ?? ""
    let bare = last.split(separator: "@").first?.split(separator: ":").first ?? ""
    return bare == name || bare.hasSuffix("-\(name)")
  }

  /// `--name=value`, `--name value` and `--name`, with one dash as well.
  static func flags(_ words: [String]) -> [String: String] {
    var flags: [String: String] = [:]
    for (index, word) in words.enumerated() where word.hasPrefix("-") {
      let parts = word.drop { $0 == "-" }.split(separator: "=", maxSplits: 1)
      guard let name = parts.first else { continue }
      let next = index + 1 < words.count ? words[index + 1] : "-"
      flags[String(name)] =
        parts.count == 2 ? String(parts[1]) : next.hasPrefix("-") ? "true" : next
    }
    return flags
  }

  private static func isReady(_ workload: KubernetesObject) -> Bool {
    let field = workload.kind == "DaemonSet" ? "numberReady" : "readyReplicas"
    return (workload["status", field]?.int ?? 0) > 0
  }
}
