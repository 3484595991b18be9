internal import CutProtocol
internal import KubernetesClient
internal import Logging
internal import Model
internal import Synchronization

extension ClusterSnapshots {
  private typealias Outcome = Result<[CutVolume], Refusal>

  /// Cuts what was prepared under this name. In the hold lie one request for each snapshot and the events that follow it.
  func cut(_ name: SnapshotName, clock now: @Sendable () -> Duration) async throws(Refusal)
    -> [SnapshotRecord]
  {
    guard let prepared = state.withLock({ $0.prepared[name] }) else {
      throw Refusal(.expired, "the cut of \(name.member) is not prepared, or over already")
    }
    var records: [SnapshotRecord] = []
    var failure: Refusal?
    await withTaskGroup(of: (Int, Outcome).self) { group in
      var requested: [Duration] = []
      for (index, snapshot) in prepared.snapshots.enumerated() {
        requested.append(now())
        group.addTask { (index, await self.take(snapshot, name, within: prepared.cap)) }
      }
      for await (index, outcome) in group {
        // After the fact: too late is safe, too early would not be. The cluster's own times have a grain of a second.
        let acknowledged = now()
        switch outcome {
        case .success(let volumes):
          if records.isEmpty {
            // The first one waited for no other.
            let took = acknowledged - requested[index]
            state.withLock { $0.pace.note(cut: took, at: clock.now) }
          }
          records += Self.records(
            volumes, of: prepared.snapshots[index], requested: requested[index],
            acknowledged: acknowledged)
        case .failure(let refusal): failure = failure ?? refusal
        }
      }
    }
    if let failure { throw failure }
    return records.sorted { $0.containerPath < $1.containerPath }
  }

  private static func records(
    _ volumes: [CutVolume], of snapshot: PlannedSnapshot, requested: Duration,
    acknowledged: Duration
  ) -> [SnapshotRecord] {
    volumes.flatMap { volume in
      snapshot.claims.filter { $0.handle == volume.handle }.flatMap(\.members).map { member in
        SnapshotRecord(
          containerPath: member.containerPath, volume: member.volume, name: snapshot.name,
          handle: volume.snapshot, group: volume.group, sizeBytes: volume.sizeBytes,
          createdAt: volume.createdAt, readyToUse: volume.readyToUse, requested: requested,
          acknowledged: acknowledged)
      }
    }
  }

  private func take(_ snapshot: PlannedSnapshot, _ name: SnapshotName, within cap: Duration) async
    -> Outcome
  {
    let begun = clock.now
    do throws(Refusal) {
      let uid = try await create(snapshot, name, until: begun + cap)
      let volumes = try await wait(for: snapshot, name, uid: uid, until: begun + cap)
      let taken = clock.now - begun
      state.withLock { $0.answered = clock.now }
      logger.info(
        "claims cut",
        metadata: [
          "member": "\(name.member)", "snapshot": "\(snapshot.namespace)/\(snapshot.name)",
          "claims": "\(snapshot.claims.count)", "after": "\(taken.shortText)",
        ])
      return .success(volumes)
    } catch {
      return .failure(error)
    }
  }

  /// Creates the object, and asks again while the server is away: the name makes that safe. Its uid.
  private func create(
    _ snapshot: PlannedSnapshot, _ name: SnapshotName, until deadline: ContinuousClock.Instant
  ) async throws(Refusal) -> String {
    let object = snapshot.object(for: name)
    while true {
      do throws(KubernetesError) {
        let made = try await createOnce(object, snapshot, until: deadline)
        state.withLock { $0.unanswered[snapshot.name] = nil }
        guard let uid = made.uid else {
          throw KubernetesError(.protocolMismatch, "\(snapshot.name) was created without a uid")
        }
        return uid
      } catch {
        let isOpen = state.withLock { state in
          if error.code == .timedOut || error.code == .unreachable || error.code == .cancelled {
            state.unanswered[snapshot.name] = clock.now
          }
          return state.prepared[name] != nil
        }
        guard error.isTransient, isOpen, clock.now < deadline,
          (try? await clock.sleep(for: .milliseconds(50))) != nil
        else {
          throw Refusal(
            error, during: "creating snapshot \(snapshot.namespace)/\(snapshot.name)")
        }
      }
    }
  }

  private func createOnce(
    _ object: KubernetesObject, _ snapshot: PlannedSnapshot,
    until deadline: ContinuousClock.Instant
  ) async throws(KubernetesError) -> KubernetesObject {
    let patience = max(.milliseconds(50), deadline - clock.now)
    let hurried = cutClient.with(.cut, timeout: patience)
    do throws(KubernetesError) {
      return try await hurried.create(object, as: snapshot.type)
    } catch {
      // An earlier request whose answer was lost. No other hold has this name.
      guard error.isAlreadyExists else { throw error }
      return try await hurried.get(snapshot.type, snapshot.name, in: snapshot.namespace)
    }
  }

  /// Returns when every claim is cut. Errors that the driver or the controller report may be taken back, so they are told only when
  /// the time is over.
  private func wait(
    for snapshot: PlannedSnapshot, _ name: SnapshotName, uid: String,
    until deadline: ContinuousClock.Instant
  ) async throws(Refusal) -> [CutVolume] {
    let changes = board.changes(of: uid)
    let isOpen = state.withLock { state in
      state.prepared[name]?.created.insert(uid)
      return state.prepared[name] != nil
    }
    // Ended before the stream was known to `discard`.
    if !isOpen { board.forget(uid) }
    let (clock, board) = (clock, board)
    return try await withTaskGroup(of: Void.self) { group -> Outcome in
      group.addTask {
        // Cancelled when the cut has ended.
        guard (try? await clock.sleep(until: deadline)) != nil else { return }
        board.forget(uid)
      }
      defer { group.cancelAll() }
      var said: String?
      for await seen in changes {
        switch snapshot.judge(seen, uid: uid) {
        case .waiting(let error): said = error ?? said
        case .cut(let volumes): return .success(volumes)
        case .broken(let fault): return .failure(Refusal(.failed, fault))
        }
      }
      let what = "snapshot \(snapshot.namespace)/\(snapshot.name)"
      guard let said else {
        return .failure(
          Refusal(
            .busy, "\(what) was not cut before the hold ended",
            hint: "are snapshot-controller and the driver's csi-snapshotter running?"))
      }
      return .failure(Refusal(.failed, "\(what) was not cut before the hold ended: \(said)"))
    }.get()
  }
}
