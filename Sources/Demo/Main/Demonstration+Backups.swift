internal import CutProtocol
internal import DemoFleet
internal import Model
internal import OperatorWire

// Backups under full load, and what they prove.
extension Demonstration {
  /// What today's tools do: hold, snapshot and release one service after the other.
  ///
  /// - Returns: the backups' identifiers, in the order of the stores.
  func backUpOneByOne() async throws -> [BackupID] {
    screen.step("For comparison: service by service, 0.2 s apart, while orders come in")
    var backups: [BackupID] = []
    for store in Shop.Store.allCases {
      let backup = try await stillpoint.createBackup(of: "\(store.rawValue)-alone")
      let grade = backup.verdict.map { $0.grade.rawValue } ?? "none"
      screen.note("\(store.rawValue): backup \(backup.id), by itself \(grade)")
      backups.append(backup.id)
      try await Task.sleep(for: .milliseconds(200))
    }
    return backups
  }

  /// Takes the cuts, a second of full load between them.
  func takeCuts() async throws -> (all: [TakenCut], last: TakenCut) {
    let times = cuts == 1 ? "once" : "\(cuts) times"
    screen.step("Stillpoint's cut through all three, \(times), while orders come in")
    let quiet = MonotonicTime.now
    try await Task.sleep(for: .seconds(1))
    let calm = try shop.felt(from: quiet)
    screen.note("longest stall without a backup: \(stalls(calm))")

    var last = try await takeCut()
    var all = [last]
    while all.count < cuts {
      try await Task.sleep(for: .seconds(1))
      last = try await takeCut()
      all.append(last)
    }
    return (all, last)
  }

  private func takeCut() async throws -> TakenCut {
    let begin = MonotonicTime.now
    let before = try shop.felt(from: .init(nanoseconds: 0), to: begin).completed
    let backup = try await stillpoint.createBackup(of: "shop")
    let end = MonotonicTime.now
    guard let verdict = backup.verdict, verdict.grade == .applicationConsistent else {
      let sentence = backup.verdict?.sentence ?? "it has no verdict"
      throw DemoError(
        "backup \(backup.id) is not application-consistent: \(sentence)",
        log: fleet.coordinator.daemon.log)
    }
    let cut = TakenCut(
      backup: backup,
      statements: try await stillpoint.statements(of: backup.id),
      begin: begin, end: end, felt: try shop.felt(from: begin, to: end),
      completedBefore: before,
      completedAfter: try shop.felt(from: .init(nanoseconds: 0), to: end).completed)
    let windows = Shop.Store.allCases.map { "\($0.rawValue) \(cut.window(of: $0).shortText)" }
    screen.note(
      "\(backup.id): \(verdict.grade.rawValue); held \(windows.joined(separator: ", "))")
    return cut
  }

  func showProof(of cut: TakenCut) async throws {
    screen.step("The timeline of the last cut, and its proof")
    try await show(["backup", "show", cut.backup.id.text])
    try await show(["backup", "verify", cut.backup.id.text])
    let file = try await stillpoint.exportEvidence(
      of: cut.backup.id, to: fleet.directory.path + "/evidence.json")
    // A directory without credentials: the exported file has to be enough.
    let stranger = OperatorShell(program: stillpoint.program, credentials: "/nonexistent")
    screen.note("the same by somebody who knows nothing but the exported evidence:")
    screen.note("$ stillpoint backup verify --file evidence.json")
    screen.lines(try await stranger.run(["backup", "verify", "--file", file]).trimmed, indent: 6)
    screen.note("held, by the agents' clocks, and felt by the checkout as its longest stall:")
    for store in Shop.Store.allCases {
      let felt = cut.felt[store]?.longestStall ?? .zero
      screen.note("  \(store.rawValue): \(cut.window(of: store).shortText), \(felt.shortText)")
    }
  }

  private func stalls(_ report: CheckoutReport) -> String {
    Shop.Store.allCases.map { store in
      "\(store.rawValue) \((report[store]?.longestStall ?? .zero).shortText)"
    }.joined(separator: ", ")
  }

  /// The figures over all cuts.
  func summarise(_ cuts: (all: [TakenCut], last: TakenCut)) {
    screen.line("\nOver \(cuts.all.count) cuts, minimum / median / maximum:")
    for store in Shop.Store.allCases {
      screen.note(
        "\(store.rawValue): held \(figures(cuts.all.map { $0.window(of: store) })), "
          + "felt \(figures(cuts.all.map { $0.felt[store]?.longestStall ?? .zero }))")
    }
    screen.note("longest window of a cut: \(figures(cuts.all.map(\.longestWindow)))")
    screen.note(
      "longest time without a finished order: \(figures(cuts.all.map(\.felt.longestPause)))")
  }

  private func figures(_ durations: [Duration]) -> String {
    [durations.min(), Duration.median(of: durations), durations.max()]
      .map { ($0 ?? .zero).shortText }.joined(separator: " / ")
  }
}
