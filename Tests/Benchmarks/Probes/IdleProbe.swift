internal import DemoFleet
internal import Foundation
internal import Glibc
internal import Model

/// What Stillpoint's own programs take while nothing happens.
struct IdleProbe: Sendable {
  struct Cost: Sendable {
    var program: String
    /// Share of one core, in percent.
    var cores: Double
    /// Resident memory at the end, in MiB.
    var resident: Double
  }

  let over: Duration
  /// The mean over the processes of each kind.
  let costs: [Cost]

  static func run(_ fleet: Fleet, over time: Duration) async throws -> IdleProbe {
    var processes: [(String, Int32)] = []
    if let coordinator = fleet.coordinator.daemon.pid {
      processes.append(("coordinator", coordinator))
    }
    for node in fleet.nodes {
      if let agent = node.agent.pid { processes.append(("agent", agent)) }
      if let guardian = node.guardian { processes.append(("guardian", guardian)) }
      if let driver = node.driver.pid { processes.append(("csi-local", driver)) }
    }
    let before = try processes.map { try ticks(of: $0.1) }
    let begin = ContinuousClock.now
    try await Task.sleep(for: time)
    let over = ContinuousClock.now - begin
    var byProgram: [String: [Cost]] = [:]
    for (process, ticksBefore) in zip(processes, before) {
      let used =
        Double(try ticks(of: process.1) - ticksBefore) / Double(sysconf(Int32(_SC_CLK_TCK)))
      byProgram[process.0, default: []].append(
        Cost(
          program: process.0, cores: used / over.inMilliseconds * 1000 * 100,
          resident: try resident(of: process.1)))
    }
    let costs = ["coordinator", "agent", "guardian", "csi-local"].compactMap { program -> Cost? in
      guard let all = byProgram[program] else { return nil }
      let count = Double(all.count)
      return Cost(
        program: program, cores: all.map(\.cores).reduce(0, +) / count,
        resident: all.map(\.resident).reduce(0, +) / count)
    }
    return IdleProbe(over: over, costs: costs)
  }

  /// User and system time: fields 14 and 15 of `/proc/PID/stat` (proc(5)).
  private static func ticks(of pid: Int32) throws -> UInt64 {
    let text = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
    let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
    guard fields.count > 13, let user = UInt64(fields[12]), let system = UInt64(fields[13]) else {
      throw BenchError("/proc/\(pid)/stat has an unexpected form")
    }
    return user + system
  }

  private static func resident(of pid: Int32) throws -> Double {
    let text = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
    for line in text.split(separator: "\n") where line.hasPrefix("VmRSS:") {
      if let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Double($0) }) {
        return kilobytes / 1024
      }
    }
    throw BenchError("/proc/\(pid)/status has no VmRSS")
  }
}
