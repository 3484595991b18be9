internal import KubernetesClient

/// The CSI drivers that keep volumes, and the classes that say how each is snapshotted.
enum ClassCheck {
  static func findings(_ facts: ClusterFacts) -> [Finding] {
    facts.volumes.findings("volumes") { volumes in
      let drivers = Dictionary(
        grouping: volumes.compactMap { $0["spec", "csi", "driver"]?.string }
      ) { $0 }
      return others(volumes)
        + facts.snapshotClasses.findings("snapshot-classes") { classes in
          drivers.keys.sorted().map { driver in
            single(driver, volumes: drivers[driver]?.count ?? 0, classes)
          }
        }
        + facts.groupClasses.findings("group-snapshot-classes") { classes in
          classes.isEmpty ? [] : drivers.keys.sorted().map { group($0, classes) }
        }
    }
  }

  private static func single(_ driver: String, volumes: Int, _ classes: [KubernetesObject])
    -> Finding
  {
    let check = "snapshot-classes"
    let own = classes.filter { $0["driver"]?.string == driver }
    let defaults = own.filter(isDefault)
    let what = "driver \(driver), which keeps \(counted(volumes, "volume"))"
    guard let first = own.first else {
      return Finding(
        check, .missing, "\(what), has no VolumeSnapshotClass: none of them can be snapshotted",
        advice:
          "create one, if the driver makes snapshots: apiVersion snapshot.storage.k8s.io/v1, kind VolumeSnapshotClass, "
          + "driver \(driver), deletionPolicy Retain (docs/kubernetes-snapshots.md)")
    }
    let names = own.map(\.name).sorted().joined(separator: ", ")
    guard defaults.count == 1 || (defaults.isEmpty && own.count == 1) else {
      return Finding(
        check, .warning,
        "\(what), has \(own.count) classes (\(names)) and \(defaults.isEmpty ? "no default" : "\(defaults.count) defaults"): "
          + "agents refuse claims for which nothing says which",
        advice: "annotate one with \(defaultMark)=true, or name one in the agents' configuration "
          + "(kubernetes.snapshotClasses)")
    }
    let used = defaults.first ?? first
    guard used["deletionPolicy"]?.string == "Retain" else {
      return Finding(
        check, .note,
        "\(what), has class \(used.name) with deletionPolicy Delete: deleting a namespace deletes its backups' snapshots",
        advice: "use a class of its own with deletionPolicy Retain (docs/kubernetes-snapshots.md)")
    }
    return Finding(check, .good, "\(what), has class \(used.name) with deletionPolicy Retain")
  }

  private static func group(_ driver: String, _ classes: [KubernetesObject]) -> Finding {
    let own = classes.filter { $0["driver"]?.string == driver }.map(\.name).sorted()
    return own.isEmpty
      ? Finding(
        "group-snapshot-classes", .note,
        "driver \(driver) has no VolumeGroupSnapshotClass: its claims get snapshots of their own")
      : Finding(
        "group-snapshot-classes", .good,
        "driver \(driver) has \(own.count == 1 ? "class" : "classes") \(own.joined(separator: ", ")): claims of one member are "
          + "cut together")
  }

  /// Volumes that no CSI driver keeps, or that are not held still as filesystems of one node.
  private static func others(_ volumes: [KubernetesObject]) -> [Finding] {
    var findings: [Finding] = []
    let foreign = volumes.filter { $0["spec", "csi"] == nil }
    if !foreign.isEmpty {
      findings.append(
        Finding(
          "volumes", .warning,
          "\(counted(foreign.count, "volume")) of no CSI driver cannot be snapshotted: \(named(foreign))",
          advice:
            "move what matters to a CSI driver with snapshots; a plan with such a volume is refused"
        ))
    }
    let blocks = volumes.filter { $0["spec", "volumeMode"]?.string == "Block" }
    if !blocks.isEmpty {
      findings.append(
        Finding(
          "volumes", .warning,
          "\(counted(blocks.count, "volume")) without a filesystem (volumeMode Block) cannot be cut: \(named(blocks))",
          advice: "leave these out of plans (volumes: with the mount paths of the others)"))
    }
    let shared = volumes.filter {
      ($0["spec", "accessModes"]?.array ?? []).contains { $0.string == "ReadWriteMany" }
    }
    if !shared.isEmpty {
      findings.append(
        Finding(
          "volumes", .note,
          "\(counted(shared.count, "volume")) may be written by many pods (ReadWriteMany): each is cut once, while all "
            + "services of a plan that use it are held: \(named(shared))"))
    }
    return findings
  }

  /// Claims where volumes are bound, a few of them.
  private static func named(_ volumes: [KubernetesObject]) -> String {
    let names = volumes.map { volume in
      guard let claim = volume["spec", "claimRef", "name"]?.string else { return volume.name }
      return "\(volume["spec", "claimRef", "namespace"]?.string ?? "")/\(claim)"
    }
    return names.sorted().prefix(5).joined(separator: ", ")
      + (names.count > 5 ? " and \(names.count - 5) more" : "")
  }

  private static let defaultMark = "snapshot.storage.kubernetes.io/is-default-class"

  private static func isDefault(_ object: KubernetesObject) -> Bool {
    object.annotations[defaultMark] == "true"
  }
}

/// `1 node`, `3 nodes`.
func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
