internal import DemoFleet
internal import FoundationEssentials

/// What must be gone once no backup is left.
struct Leftovers: Sendable {
  private let bench: Bench

  init(on bench: Bench) { self.bench = bench }

  /// Waits for what is cleaned up in the background, and answers what stays.
  func afterCleaning(within limit: Duration) async throws -> [String] {
    do {
      try await waitUntil("the end of cleaning", within: limit, every: .milliseconds(100)) {
        found().isEmpty
      }
    } catch is DemoError {
      return found()
    }
    return []
  }

  private func found() -> [String] {
    var found: [String] = []
    for node in bench.fleet.nodes {
      found += names(in: "\(node.pool)/snapshots", ending: ".img").map {
        "snapshot \($0) on \(node.name)"
      }
      found += names(in: "\(node.directory)/agent-run/holds", ending: "").map {
        "hold record \($0) on \(node.name)"
      }
      if hasOpenAttempts("\(node.directory)/agent-state/ledger.json") {
        found.append("an open attempt in the ledger of \(node.name)")
      }
    }
    let clients: Set = ["psql", "mariadb", "redis-cli"]
    let processes = bench.directory.processes { words in
      let program = words.first.map { String($0.split(separator: "/").last ?? "") } ?? ""
      return clients.contains(program) || words == ["sleep", "86399"]
        || words.contains("/srv/gate.sh")
    }
    return found + processes.map { "process \($0)" }
  }

  private func names(in directory: String, ending: String) -> [String] {
    // No directory yet: nothing was ever kept there.
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    return names.filter { $0.hasSuffix(ending) }
  }

  private struct Ledger: Decodable {
    struct Entry: Decodable {}
    var entries: [Entry]
  }

  private func hasOpenAttempts(_ file: String) -> Bool {
    // A ledger that cannot be read says nothing good about what is open.
    guard let bytes = FileManager.default.contents(atPath: file),
      let ledger = try? JSONDecoder().decode(Ledger.self, from: bytes)
    else { return true }
    return !ledger.entries.isEmpty
  }
}
