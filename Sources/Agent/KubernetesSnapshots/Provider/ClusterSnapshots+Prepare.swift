internal import AgentCore
package import CutProtocol
internal import KubernetesClient
internal import Logging
internal import Model
internal import Synchronization

extension ClusterSnapshots {
  /// Checks that these claims can be cut, opens the watches, and predicts how long the cut takes.
  func prepare(_ claims: [ClaimedVolume], for cut: PlannedCut) async throws(Refusal)
    -> SnapshotReadiness
  {
    for claim in claims { try refuseSharing(claim, cut) }
    let types = try await SnapshotTypes.discover(client)
    let planned = try await plan(claims, types, cut)
    try refuseLooseClaims(planned, cut)
    do throws(KubernetesError) {
      try await watch.open(subjects(types))
    } catch {
      throw Refusal(error, during: "watching the cluster's snapshots")
    }
    state.withLock { state in
      let old = state.prepared.updateValue(
        PreparedCut(snapshots: planned, cap: cut.cap), forKey: cut.name)
      if old != nil { watch.close() }
    }
    do throws(Refusal) {
      try await label(planned)
      let predicted = try await predict(planned, cut)
      await warm(planned)
      return SnapshotReadiness(predicted: predicted, remarks: remarks(claims))
    } catch {
      await discard(cut.name)
      throw error
    }
  }

  private func subjects(_ types: SnapshotTypes) -> [SnapshotWatch.Subject] {
    let own = ResourceSelector.labels([PlannedSnapshot.ownerLabel: PlannedSnapshot.owner])
    var subjects = [
      SnapshotWatch.Subject(type: .volumeSnapshotContents),
      SnapshotWatch.Subject(type: .volumeSnapshots, selector: own),
    ]
    if let groups = types.groups {
      subjects.append(SnapshotWatch.Subject(type: groups.contents))
      subjects.append(SnapshotWatch.Subject(type: groups.snapshots, selector: own))
    }
    return subjects
  }

  /// A volume of two members needs one snapshot that is taken once both are held: each member's own would be taken while the
  /// other may still write.
  private func refuseSharing(_ claim: ClaimedVolume, _ cut: PlannedCut) throws(Refusal) {
    guard let other = cut.otherMember(with: claim.members[0].volume) else { return }
    throw Refusal(
      .hazard,
      "claim \(claim.namespace)/\(claim.claim) belongs to \(cut.name.member) and to \(other): "
        + "a snapshot of either would be taken while the other may still write",
      hint: "the coordinator's plan names no delegate for it: is it older than this agent?")
  }

  /// Other members wait for one group; snapshots of their own they could have had without that.
  private func refuseLooseClaims(_ planned: [PlannedSnapshot], _ cut: PlannedCut) throws(Refusal) {
    let others = Set(cut.forOthers)
    for snapshot in planned where snapshot.group == nil {
      guard let claim = snapshot.claims.first, !others.isDisjoint(with: claim.members) else {
        continue
      }
      throw Refusal(
        .hazard,
        "claim \(claim.namespace)/\(claim.claim) is to be cut in one group with those of "
          + "\(cut.name.member), and cannot: no VolumeGroupSnapshotClass names driver \(claim.driver), or "
          + "\(cut.name.member) has a group of another driver already",
        hint: "create a VolumeGroupSnapshotClass of that driver where the cluster serves group "
          + "snapshots, or leave spec.snapshots.acrossServices out of the plan")
    }
  }

  private func remarks(_ claims: [ClaimedVolume]) -> [String] {
    claims.filter(\.isShared).map { claim in
      "claim \(claim.namespace)/\(claim.claim) is ReadWriteMany: a pod on a node without an agent could write to it unnoticed"
    }
  }

  /// One group for the claims of a namespace and driver where the cluster can make groups, one snapshot for each other claim.
  private func plan(
    _ claims: [ClaimedVolume], _ types: SnapshotTypes, _ cut: PlannedCut
  ) async throws(Refusal) -> [PlannedSnapshot] {
    let classes = try await classes(.volumeSnapshotClasses)
    let groupClasses: [SnapshotClass] =
      if let groups = types.groups { try await self.classes(groups.classes) } else { [] }
    var planned: [PlannedSnapshot] = []
    var grouped: Set<ClaimedVolume> = []
    for claim in claims where !grouped.contains(claim) {
      let together = claims.filter { $0.namespace == claim.namespace && $0.driver == claim.driver }
      // A member has one name for a group: the claims of a second driver are cut one by one.
      if together.count > 1, grouped.isEmpty, let groups = types.groups,
        let chosen = try groupClasses.chooseGroup(
          cut.rules.groupClasses[claim.driver.text]
            ?? settings.groupSnapshotClasses[claim.driver.text], for: claim.driver)
      {
        grouped = Set(together)
        planned.append(
          PlannedSnapshot(
            name: cut.name.text(volume: nil), claims: together, className: chosen.name,
            group: groups))
      } else {
        let chosen = try classes.choose(
          claim.askedClass ?? cut.rules.classes[claim.driver.text]
            ?? settings.snapshotClasses[claim.driver.text], for: claim.driver)
        planned.append(
          PlannedSnapshot(
            name: cut.name.text(volume: claim.handle), claims: [claim], className: chosen.name,
            group: nil))
      }
    }
    return planned
  }

  private func classes(_ type: ResourceType) async throws(Refusal) -> [SnapshotClass] {
    do throws(KubernetesError) {
      return try await client.list(type).items.map { SnapshotClass($0) }
    } catch {
      throw Refusal(error, during: "reading the classes of snapshots")
    }
  }

  /// Puts the label of each group on its claims; `discard` takes it away.
  private func label(_ planned: [PlannedSnapshot]) async throws(Refusal) {
    for snapshot in planned where snapshot.group != nil {
      for claim in snapshot.claims {
        do throws(KubernetesError) {
          try await label(claim, snapshot.groupValue)
        } catch {
          throw Refusal(
            error, during: "labelling claim \(claim.namespace)/\(claim.claim) for its group")
        }
      }
    }
  }

  private func label(_ claim: ClaimedVolume, _ value: String) async throws(KubernetesError) {
    // The uid makes the server refuse another claim of the same name.
    let patch: JSONValue = [
      "metadata": [
        "uid": .string(claim.claimUID), "labels": [StillpointLabel.group: .string(value)],
      ]
    ]
    _ = try await client.patch(
      .persistentVolumeClaims, claim.claim, in: claim.namespace, merging: patch)
  }

  /// Makes the connections that the cut uses, so that no handshake lies in the hold.
  private func warm(_ planned: [PlannedSnapshot]) async {
    await withDiscardingTaskGroup { group in
      for snapshot in planned.prefix(8) {
        group.addTask { [cutClient] in
          // Only the connection counts: what fails here fails in the cut, and is told there.
          _ = try? await cutClient.find(snapshot.type, snapshot.name, in: snapshot.namespace)
        }
      }
    }
  }

  /// Ends a cut: what waits for it, its watches, the labels of its groups.
  package func discard(_ name: SnapshotName) async {
    let prepared = state.withLock { state -> PreparedCut? in
      state.prepared.removeValue(forKey: name)
    }
    guard let prepared else { return }
    for uid in prepared.created { board.forget(uid) }
    watch.close()
    for snapshot in prepared.snapshots where snapshot.group != nil {
      for claim in snapshot.claims {
        await unlabel(claim.claim, in: claim.namespace, value: snapshot.groupValue)
      }
    }
  }

  private static let unlabelTries = 5

  private func takeLabel(_ value: String, from claim: String, in namespace: String)
    async throws(KubernetesError)
  {
    let type = ResourceType.persistentVolumeClaims
    guard let found = try await client.find(type, claim, in: namespace),
      found.labels[StillpointLabel.group] == value
    else { return }
    var patch: JSONValue = ["metadata": ["labels": [StillpointLabel.group: .null]]]
    patch[path: ["metadata", "resourceVersion"]] = found.resourceVersion.map { .string($0) }
    _ = try await client.patch(type, claim, in: namespace, merging: patch)
  }

  /// Takes a group's label from a claim that still has it; one of a later cut stays.
  func unlabel(_ claim: String, in namespace: String, value: String) async {
    do throws(KubernetesError) {
      // The snapshot controller writes to the same claims at this very time.
      for _ in 1..<Self.unlabelTries {
        do throws(KubernetesError) {
          return try await takeLabel(value, from: claim, in: namespace)
        } catch {
          guard error.isConflict else { throw error }
        }
      }
      try await takeLabel(value, from: claim, in: namespace)
    } catch {
      // A claim that keeps it is taken by no later group: each has a value of its own.
      logger.warning(
        "label not taken from claim",
        metadata: ["claim": "\(namespace)/\(claim)", "error": "\(error)"])
    }
  }
}
