package import CutProtocol
package import Model

/// Resolves a plan to what runs now. Synchronous and deterministic; leaves no choice to whoever executes the result.
package enum CutPlanner {
  /// The whole cut, or every reason why the plan cannot be cut as it stands.
  package static func plan(
    _ plan: BackupPlan, running: [Placement], backup: BackupID, fleet: FleetID,
    at time: Timestamp
  ) throws(OperationError) -> CutPlan {
    let placements = running.filter { $0.pid != nil }
    var members: [MemberPlan] = []
    var problems: [String] = []
    var placed: [ServiceName: Placement] = [:]
    let levels = DependencyGraph(plan).levels()
    for service in plan.services {
      do throws(Unresolved) {
        let placement = try placement(of: service, among: placements)
        placed[service.name] = placement
        members.append(
          MemberPlan(
            name: service.name, node: placement.node, container: placement.container,
            containerName: placement.containerName, pod: placement.pod,
            namespace: placement.namespace, owner: placement.workload?.owner,
            image: placement.image, imageDigest: placement.imageDigest, holds: service.holds,
            volumes: try volumes(of: service, in: placement), dependsOn: service.dependsOn,
            group: 0, level: levels[service.name] ?? 0, afterRestore: service.afterRestore))
      } catch {
        problems.append(error.text)
      }
    }
    let sharing = VolumeSharing(members, placed: placed, running: placements)
    problems += sharing.problems
    guard problems.isEmpty else {
      throw OperationError(
        .invalid, "plan \(plan.name) does not fit what runs: " + problems.joined(separator: "; "),
        hint: "see 'stillpoint service list' for what runs where")
    }
    return CutPlan(
      backup: backup, fleet: fleet, plan: plan.name, environment: plan.environment,
      requires: plan.requires, policy: plan.policy, freeze: plan.freeze, createdAt: time,
      members: sharing.members(
        in: plan.policy == .groups ? DependencyGraph(plan) : nil,
        acrossServices: plan.snapshots?.acrossServices == true),
      manifests: plan.manifests,
      snapshots: plan.snapshots)
  }

  /// Why one service of the plan cannot be resolved.
  private struct Unresolved: Error {
    var text: String
  }

  private static func placement(of service: PlannedService, among running: [Placement])
    throws(Unresolved) -> Placement
  {
    let found = running.filter { service.selector.matches($0) }
    guard let first = found.first else {
      let undecided = running.count { service.selector.isUndecided($0) }
      throw Unresolved(
        text: "service \(service.name): its selector matches no running container"
          + (undecided == 0
            ? ""
            : "; no cluster told yet to what the pods of \(undecided) containers belong that match "
              + "its other parts: 'stillpoint service show' tells when it did"))
    }
    guard found.count == 1 else {
      let names = found.prefix(4).map { "\($0.pod)/\($0.containerName) on \($0.node)" }
      throw Unresolved(
        text:
          "service \(service.name): its selector matches \(found.count) containers where one is expected ("
          + names.joined(separator: ", ") + "); narrow it with namespace, owner, container or node")
    }
    return first
  }

  private static func volumes(of service: PlannedService, in placement: Placement)
    throws(Unresolved) -> [MemberVolume]
  {
    let backed = placement.mounts.compactMap { mount in
      mount.volume.map { MemberVolume(containerPath: mount.containerPath, volume: $0) }
    }
    switch service.volumes {
    case .none:
      return []
    case .all:
      // A volume that is not known would be missing from the backup without a word.
      if let omitted = placement.omitted, omitted.mounts > 0 {
        throw Unresolved(
          text: "service \(service.name): \(omitted.mounts) of its mounts are not known, since its "
            + "container has more than a record takes; name its volumes")
      }
      if let left = leftOut(placement) {
        throw Unresolved(
          text:
            "service \(service.name): \(left); leave it out by naming the mount paths of the other "
            + "volumes, or say 'volumes: none'")
      }
      guard !backed.isEmpty else {
        throw Unresolved(
          text: "service \(service.name): none of its mounts is backed by a CSI volume; "
            + "say 'volumes: none' if it keeps nothing")
      }
      return backed.sorted { $0.containerPath < $1.containerPath }
    case .paths(let paths):
      var wanted: [MemberVolume] = []
      for path in paths {
        guard let volume = backed.first(where: { $0.containerPath == path }) else {
          let known = backed.map(\.containerPath).sorted().joined(separator: ", ")
          throw Unresolved(
            text: "service \(service.name): no CSI volume is mounted at \(path) (there are: "
              + (known.isEmpty ? "none" : known) + ")")
        }
        wanted.append(volume)
      }
      return wanted
    }
  }

  /// A claim of the pod that no cut has a snapshot of; it would be missing without a word as well.
  private static func leftOut(_ placement: Placement) -> String? {
    for claim in placement.workload?.claims ?? [] {
      if claim.isBlock == true {
        return "claim \(claim.name) of its pod is a block device without a filesystem "
          + "(volumeMode Block), which cannot be cut"
      }
      if claim.isBlock == false, claim.driver == nil {
        return "claim \(claim.name) of its pod has a volume of no CSI driver, which cannot be cut"
      }
    }
    return nil
  }
}
