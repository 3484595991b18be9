internal import CoordinatorCore
internal import CutProtocol
internal import Model

/// How many of the newest backups the figures cover.
let backupsInMetrics = 100

/// OpenMetrics 1.0 text.
func metricsText(_ operations: Operations) async throws -> String {
  let status = try await operations.fleet.status()
  let backups = try await operations.backups.backups(of: nil, limit: backupsInMetrics)
  var text = OpenMetricsText()
  text.info(
    "stillpoint_coordinator", "The coordinator.",
    [("version", status.version), ("fleet", status.fleet.text)])
  text.gauge("stillpoint_coordinator_epoch", "Grows at every start.", Double(status.epoch))
  text.gauges(
    "stillpoint_nodes", "Enrolled nodes by connection.",
    (["connected", "away", "revoked"] as [NodeStatus.Connection.RawValue]).map { state in
      (
        [("connection", state)],
        Double(status.nodes.filter { $0.connection.rawValue == state }.count)
      )
    })
  text.gauge(
    "stillpoint_held_members", "Members held still, as of the nodes' last heartbeats.",
    Double(status.nodes.map(\.held.count).reduce(0, +)))
  text.gauge("stillpoint_cuts_running", "Cuts that run now.", Double(status.running.count))
  text.gauge(
    "stillpoint_cuts_waiting", "Backups whose turn has not come.", Double(status.waiting.count))
  text.gauge(
    "stillpoint_open_cleanups", "Members of former attempts whose snapshots are not deleted yet.",
    Double(status.openClean))
  text.gauges(
    "stillpoint_recent_backups", "The newest \(backupsInMetrics) backups by grade.",
    Grade.allCases.map { grade in
      ([("grade", grade.rawValue)], Double(backups.filter { $0.verdict?.grade == grade }.count))
    })
  text.gaugeHistogram(
    "stillpoint_recent_window_seconds",
    "How long each member of the newest \(backupsInMetrics) backups was held.",
    windows(of: backups))
  if let bytes = await operations.catalogBytes() {
    text.gauge("stillpoint_catalog_size_bytes", "The catalog's files.", Double(bytes))
  }
  return text.finished()
}

private func windows(of backups: [BackupRecord]) -> [Double] {
  backups.flatMap(\.groups).flatMap(\.certificates).compactMap { certificate in
    // Figures only: a certificate that cannot be read is named by the backup's verdict.
    (try? certificate.decoded())?.steps.window.inMilliseconds
  }.map { $0 / 1000 }
}

/// Writes the exposition format (OpenMetrics 1.0, section 5).
struct OpenMetricsText {
  private static let bounds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60]
  private var lines: [String] = []

  mutating func info(_ name: String, _ help: String, _ labels: [(String, String)]) {
    head(name, "info", help)
    lines.append("\(name)_info\(Self.text(labels)) 1")
  }

  mutating func gauge(_ name: String, _ help: String, _ value: Double) {
    gauges(name, help, [([], value)])
  }

  mutating func gauges(
    _ name: String, _ help: String, _ values: [(labels: [(String, String)], value: Double)]
  ) {
    head(name, "gauge", help)
    for (labels, value) in values {
      lines.append("\(name)\(Self.text(labels)) \(Self.text(value))")
    }
  }

  /// A histogram of what is there now, which may shrink: backups are deleted.
  mutating func gaugeHistogram(_ name: String, _ help: String, _ values: [Double]) {
    head(name, "gaugehistogram", help)
    for bound in Self.bounds {
      let count = values.filter { $0 <= bound }.count
      lines.append("\(name)_bucket\(Self.text([("le", Self.text(bound))])) \(count)")
    }
    lines.append("\(name)_bucket\(Self.text([("le", "+Inf")])) \(values.count)")
    lines.append("\(name)_gcount \(values.count)")
    lines.append("\(name)_gsum \(Self.text(values.reduce(0, +)))")
  }

  func finished() -> String { (lines + ["# EOF", ""]).joined(separator: "\n") }

  private mutating func head(_ name: String, _ type: String, _ help: String) {
    lines.append("# TYPE \(name) \(type)")
    lines.append("# HELP \(name) \(help)")
  }

  private static func text(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
  }

  private static func text(_ labels: [(String, String)]) -> String {
    guard !labels.isEmpty else { return "" }
    let pairs = labels.map { name, value in
      let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        .replacing("\n", with: "\\n")
      return "\(name)=\"\(escaped)\""
    }
    return "{\(pairs.joined(separator: ","))}"
  }
}
