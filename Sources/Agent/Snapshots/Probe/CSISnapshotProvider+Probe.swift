package import CutProtocol
internal import Foundation
internal import Glibc
internal import LinuxSystem
internal import Logging
internal import Model

extension CSISnapshotProvider {
  /// Tries a driver on volumes that are made for it; whatever comes of it, they are taken away again.
  package func probe(_ order: DriverProbe) async throws(Refusal) -> ProbeFindings {
    let driver = try drivers.driver(order.driver)
    let directory = "\(probeDirectory)/\(order.probe)-\(StableHash.text(order.driver.text))"
    guard probes.begin(directory) else {
      throw Refusal(.busy, "probe \(order.probe) of driver \(order.driver) runs already")
    }
    defer { probes.end(directory) }
    logger.notice("driver probe begun", metadata: ["driver": "\(order.driver)"])
    // A trial that is cancelled in the middle fails at its next step; what it made goes in either case.
    let findings = try await withBench(order, driver, directory)
    logger.notice(
      "driver probe ended",
      metadata: ["driver": "\(order.driver)", "outcome": "\(findings.outcome.rawValue)"])
    return findings
  }

  private func withBench(_ order: DriverProbe, _ driver: CSIDriver, _ directory: String)
    async throws(Refusal) -> ProbeFindings
  {
    let findings: ProbeFindings
    do throws(SystemError) {
      let bench = try ProbeBench(order, driver: driver, directory: directory)
      var trial = DriverTrial(driver: driver, bench: bench)
      await trial.run()
      findings = trial.findings
    } catch {
      throw Refusal(.failed, "probe of driver \(order.driver) cannot keep its books: \(error)")
    }
    let left = await removeProbe(in: directory)
    var result = findings
    result.leftBehind = left
    return result
  }

  /// Takes away what trials of an earlier life of the agent have left; what stays is told.
  package func removeProbes() async -> [String] {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: probeDirectory) else {
      // There was never a trial on this node.
      return []
    }
    var left: [String] = []
    for name in names.sorted() {
      let directory = "\(probeDirectory)/\(name)"
      guard probes.begin(directory) else { continue }
      left += await removeProbe(in: directory)
      probes.end(directory)
    }
    return left
  }

  /// Goes on although the trial was cancelled.
  private func removeProbe(in directory: String) async -> [String] {
    await runUncancelled { [drivers] in
      do throws(Refusal) {
        guard let bench = try ProbeBench(leftIn: directory, drivers: drivers) else {
          rmdir(directory)
          return []
        }
        return await bench.clear()
      } catch {
        return ["\(directory): \(error)"]
      }
    }
  }
}
