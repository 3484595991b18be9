internal import AgentCore
internal import CutProtocol
internal import KubernetesClient
internal import Logging
internal import Model
internal import Synchronization

extension ClusterSnapshots {
  /// How long an answer of the controller is believed.
  private static let answerHolds = Duration.seconds(300)
  /// Enough to come well past a stock controller's burst, which answers them in less than five seconds.
  private static let mostQuestions = 32

  /// Predicts the cut's time, and refuses one that the snapshot controller is too slow for.
  func predict(_ planned: [PlannedSnapshot], _ cut: PlannedCut) async throws(Refusal) -> Duration {
    if !hasAnsweredLately {
      try await question(1, planned[0], cut)
    }
    let count = atOnce(planned, cut)
    var pace = state.withLock { $0.pace }
    var predicted = pace.predicted(count, at: clock.now)
    if predicted > cut.budget, pace.measuredRate(at: clock.now) == nil {
      // What is assumed of the controller would refuse the plan: then it has to be known.
      try await question(Self.mostQuestions, planned[0], cut)
      pace = state.withLock { $0.pace }
      predicted = pace.predicted(count, at: clock.now)
    }
    guard predicted <= cut.budget else { throw tooSlow(count, predicted, pace, cut) }
    return predicted
  }

  /// Snapshots that are asked for at the same time by all agents: those of other members are not known to be groups.
  private func atOnce(_ planned: [PlannedSnapshot], _ cut: PlannedCut) -> Int {
    var others: Set<VolumeHandle> = []
    for (member, volumes) in cut.volumes where member != cut.name.member {
      for volume in volumes
      where KubeletDirectory.persistentVolume(publishedAt: volume.volume.publishedAt) != nil {
        others.insert(volume.volume.handle)
      }
    }
    return planned.count + others.count
  }

  private var hasAnsweredLately: Bool {
    let answered = state.withLock { $0.answered }
    return answered.map { clock.now - $0 < Self.answerHolds } ?? false
  }

  private func question(_ count: Int, _ planned: PlannedSnapshot, _ cut: PlannedCut)
    async throws(Refusal)
  {
    let question = ControllerQuestion(client: client, clock: clock, logger: logger)
    let taken: Duration?
    do throws(KubernetesError) {
      taken = try await question.ask(
        count, in: planned.namespace, claim: planned.claims[0].claim, name: planned.name + "-ask",
        within: settings.controllerAnswer)
    } catch {
      throw Refusal(error, during: "asking the snapshot controller whether it answers")
    }
    guard let taken else {
      throw Refusal(
        .busy,
        "the snapshot controller did not answer within \(settings.controllerAnswer.shortText)",
        hint:
          "is snapshot-controller running, and is it not busy with other snapshots? A slow one needs "
          + "higher --kube-api-qps, --kube-api-burst and --worker-threads")
    }
    state.withLock { state in
      state.answered = clock.now
      state.pace.note(questions: count, answeredAfter: taken, at: clock.now)
    }
    logger.info(
      "snapshot controller answered",
      metadata: ["questions": "\(count)", "after": "\(taken.shortText)"])
  }

  private func tooSlow(
    _ count: Int, _ predicted: Duration, _ pace: ControllerPace, _ cut: PlannedCut
  ) -> Refusal {
    guard pace.isLimit(for: count) else {
      return Refusal(
        .hazard,
        "the last cuts through the cluster took about \(predicted.shortText) each, and the plan allows "
          + cut.budget.shortText,
        hint: "find what delays snapshot-controller, csi-snapshotter or the driver, or raise the "
          + "plan's freeze.budget; what was measured is believed for "
          + "\(Int(MeasuredCuts.believed / .seconds(60))) minutes")
    }
    let rate = "\(Int(pace.rate(at: clock.now).rounded())) requests a second"
    var hint = "give snapshot-controller and csi-snapshotter higher "
    if let needed = pace.needed(for: count, within: cut.budget, at: clock.now) {
      let burst = Int((Double(count) * ControllerPace.requestsPerSnapshot).rounded(.up))
      hint += "--kube-api-qps (at least \(Int(needed))), --kube-api-burst (\(burst) or more) and "
      hint += "--worker-threads (\(count) or more), "
    } else {
      hint += "--kube-api-qps, --kube-api-burst and --worker-threads, "
    }
    hint += "let a VolumeGroupSnapshotClass cut claims together, or raise the plan's freeze.budget"
    return Refusal(
      .hazard,
      "\(count) snapshot\(count == 1 ? "" : "s") at once would take about \(predicted.shortText) through the snapshot "
        + "controller (\(rate)), and the plan allows \(cut.budget.shortText)", hint: hint)
  }
}
