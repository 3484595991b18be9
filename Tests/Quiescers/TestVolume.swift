import AgentCore
import CutProtocol
import Foundation
import LinuxSystem
import Model
import Testing

/// Runs a program of the machine and returns its output; throws when it fails.
@discardableResult
func shell(_ script: String, timeout: Duration = .seconds(60)) throws -> String {
  let result = SupervisedProgram.run(
    path: "/bin/sh", arguments: ["-c", script],
    environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"], timeout: timeout,
    mark: "STILLPOINT_RUN=shell-\(UUID())")
  guard result.ending == .exited(0) else {
    throw TestFailure(description: "`\(script)`: \(result.ending) \(result.output)")
  }
  return result.output
}

struct TestFailure: Error, CustomStringConvertible {
  var description: String
}

/// Waits for a condition; fails after a generous limit.
func eventually(
  _ what: String, within limit: Duration = .seconds(30), _ condition: () async throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + limit
  while try await !condition() {
    guard ContinuousClock.now < deadline else { throw TestFailure(description: "never: \(what)") }
    try await Task.sleep(for: .milliseconds(5))
  }
}

/// A filesystem of its own, in a file on a loop device.
final class TestVolume: Sendable {
  let directory: String
  var path: String { directory + "/volume" }

  init(megabytes: Int = 64, kind: String = "ext4") throws {
    directory = FileManager.default.temporaryDirectory.appending(path: "sp-\(UUID())").path
    do {
      try shell(
        """
        mkdir -p \(directory)/volume && chmod 755 \(directory) &&
        truncate -s \(megabytes)M \(directory)/image && mkfs.\(kind) -q \(directory)/image &&
        mount -o loop \(directory)/image \(directory)/volume && chmod 777 \(directory)/volume
        """)
      try watch()
    } catch {
      remove()
      throw error
    }
  }

  /// Should this process be killed in the middle of a test, a watcher takes its volume away, frozen or not.
  private func watch() throws {
    let watcher = try ChildProcess(
      path: "/bin/sh",
      arguments: [
        "-c",
        """
        while kill -0 \(LinuxKernel.processNumber()) && [ -d \(directory) ]; do sleep 1; done
        [ -d \(directory) ] || exit 0
        fsfreeze --unfreeze \(path); umount -l \(path); rm -rf \(directory)
        """,
      ], environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], descriptors: [nil, nil, nil])
    startThread { watcher.reap(.seconds(3600)) }
  }

  /// Ends whatever a failed test left frozen, and takes everything away.
  func remove() {
    _ = try? shell(
      """
      fsfreeze --unfreeze \(path) 2>/dev/null; umount \(path) || umount -l \(path)
      rm -rf \(directory)
      """)
  }

  /// Asks without freezing or thawing: a writer that does not get through in time finds it frozen.
  var isFrozen: Bool {
    get throws {
      let probe = try ChildProcess(
        path: "/usr/bin/touch", arguments: ["\(path)/probe"], environment: [],
        descriptors: [nil, nil, nil])
      if probe.reap(.milliseconds(400)) { return false }
      startThread { probe.reap(.seconds(600)) }
      return true
    }
  }

  func target(cap: Duration = .seconds(10)) throws -> HoldTarget {
    try HoldTarget.of(pid: LinuxKernel.processNumber(), volumes: [(path, path)], cap: cap)
  }
}

extension HoldTarget {
  /// A member whose volumes are given as the container and the node see them.
  static func of(
    pid: Int32, volumes: [(inside: String, outside: String)], cap: Duration = .seconds(10)
  ) throws -> HoldTarget {
    HoldTarget(
      member: try ServiceName("orders"),
      process: ProcessIdentity(
        container: try ContainerID("c"), pid: pid, startTicks: try ProcessFacts.startTicks(pid)),
      volumes: try volumes.map {
        MemberVolume(
          containerPath: $0.inside,
          volume: VolumeRef(
            driver: try DriverName("test"), handle: try VolumeHandle($0.outside),
            publishedAt: $0.outside))
      }, siblings: [:], cap: cap)
  }
}
