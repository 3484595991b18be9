internal import CutProtocol
internal import GRPCCore
internal import Model

/// The steps of one trial: marks before and after each cut, and a look into what was cut.
struct DriverTrial {
  let driver: CSIDriver
  let bench: ProbeBench
  private(set) var findings: ProbeFindings

  private static let before = "before"
  private static let after = "after"
  private static let later = "after-the-repetition"

  init(driver: CSIDriver, bench: ProbeBench) {
    self.driver = driver
    self.bench = bench
    findings = ProbeFindings(driver: driver.name, version: "")
  }

  /// Tries what the driver says that it can do. Nothing is taken away here.
  mutating func run() async {
    do throws(ProbeFailure) {
      let abilities: CSIAbilities
      do { abilities = try await driver.inspect() } catch { throw ProbeFailure(error) }
      findings.version = abilities.version
      guard abilities.snapshots else {
        findings.obstacle = "it cannot make snapshots"
        return
      }
      guard abilities.volumes else {
        findings.obstacle =
          "it cannot make volumes, so that nobody can look into a snapshot (CREATE_DELETE_VOLUME)"
        return
      }
      let source = try await bench.volume("source")
      let snapshot = try await tryCut(source)
      if findings.obstacle != nil { return }
      try await tryRepetition(source)
      try await tryList(snapshot, source, abilities)
      try await tryGroup(source, abilities)
    } catch {
      findings.obstacle = "the trial broke off: \(error)"
    }
  }

  /// A mark that is durable before, one right after the answer: which of them does the snapshot have?
  private mutating func tryCut(_ source: ProbeBench.Volume) async throws(ProbeFailure)
    -> CSISnapshot
  {
    try bench.mark(Self.before, on: source)
    let (snapshot, took) = try await bench.cut("cut", of: source)
    try bench.mark(Self.after, on: source)
    try bench.note(snapshot, as: "cut")
    findings.cuts.append(Elapsed(took))
    guard let seen = try await look(at: snapshot, as: "look") else { return snapshot }
    let hasBefore = try bench.has(Self.before, on: seen)
    let hasAfter = try bench.has(Self.after, on: seen)
    findings.checks.append(
      .init(
        .earlierWrite, kept: hasBefore,
        detail: hasBefore
          ? "the mark that was durable before the request is in the snapshot"
          : "the mark that was durable before the request is missing from the snapshot"))
    findings.checks.append(
      .init(
        .laterWrite, kept: !hasAfter,
        detail: hasAfter
          ? "the mark that was written after the answer is in the snapshot: it was cut later"
          : "the mark that was written after the answer is not in the snapshot"))
    return snapshot
  }

  /// The volume of a snapshot, read-only; nil, with the obstacle said, where the driver makes none.
  private mutating func look(at snapshot: CSISnapshot, as name: String)
    async throws(ProbeFailure) -> ProbeBench.Volume?
  {
    do throws(ProbeFailure) {
      return try await bench.volume(name, from: snapshot)
    } catch {
      guard let answer = error.answer,
        [.unimplemented, .invalidArgument, .failedPrecondition].contains(answer.code),
        answer.call == "CreateVolume"
      else { throw error }
      findings.obstacle = "it makes no volume from a snapshot: \(answer.message)"
      return nil
    }
  }

  /// The name of the first cut once more, after a further mark.
  private mutating func tryRepetition(_ source: ProbeBench.Volume) async throws(ProbeFailure) {
    let (first, took) = try await bench.cut("repeated", of: source)
    try bench.note(first, as: "repeated")
    findings.cuts.append(Elapsed(took))
    try bench.mark(Self.later, on: source)
    let (second, _) = try await bench.cut("repeated", of: source)
    try bench.note(second, as: "repeated")
    guard first.handle == second.handle else {
      findings.checks.append(
        .init(
          .repeatedName, kept: false,
          detail:
            "one name gave two snapshots, \(first.handle) and \(second.handle): a repeated request cuts twice"
        ))
      return
    }
    guard let seen = try await look(at: second, as: "look-repeated") else { return }
    let wasCutAnew = try bench.has(Self.later, on: seen)
    findings.checks.append(
      .init(
        .repeatedName, kept: !wasCutAnew,
        detail: wasCutAnew
          ? "a mark between the two requests is in the snapshot: the repetition cut anew"
          : "the same name gave the same snapshot, cut once"))
  }

  private mutating func tryList(
    _ snapshot: CSISnapshot, _ source: ProbeBench.Volume, _ abilities: CSIAbilities
  ) async throws(ProbeFailure) {
    do {
      guard abilities.listsSnapshots else {
        findings.checks.append(
          .init(.listed, kept: nil, detail: "the driver lists no snapshots (LIST_SNAPSHOTS)"))
        return
      }
      let before = try await driver.snapshots(of: source.handle).contains(snapshot.handle)
      try await driver.deleteSnapshot(snapshot.handle)
      let after = try await driver.snapshots(of: source.handle).contains(snapshot.handle)
      findings.checks.append(
        .init(
          .listed, kept: before && !after,
          detail: !before
            ? "a snapshot that exists is not listed"
            : after ? "a deleted snapshot is still listed" : "listed, and gone once deleted"))
    } catch {
      throw ProbeFailure(error)
    }
  }

  private mutating func tryGroup(_ source: ProbeBench.Volume, _ abilities: CSIAbilities)
    async throws(ProbeFailure)
  {
    guard abilities.groups else {
      findings.checks.append(
        .init(
          .group, kept: nil,
          detail: "the driver cuts no groups (CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT)"))
      return
    }
    let volumes = [source, try await bench.volume("source-2")]
    for volume in volumes { try bench.mark("group-before", on: volume) }
    let snapshots = try await bench.cutGroup("group", of: volumes)
    for volume in volumes { try bench.mark("group-after", on: volume) }
    try bench.note(group: snapshots, as: "group")
    var faults: [String] = []
    for (number, snapshot) in snapshots.enumerated() {
      guard let seen = try await look(at: snapshot, as: "look-group-\(number)") else { return }
      if try !bench.has("group-before", on: seen) {
        faults.append("volume \(number + 1) of the group lacks what was durable before")
      }
      if try bench.has("group-after", on: seen) {
        faults.append("volume \(number + 1) of the group was cut after the answer")
      }
    }
    findings.checks.append(
      .init(
        .group, kept: faults.isEmpty,
        detail: faults.isEmpty
          ? "two volumes were cut by one call, before its answer" : faults.joined(separator: "; ")))
  }
}
