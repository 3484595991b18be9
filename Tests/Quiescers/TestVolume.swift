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
  let image: String
  var path: String { directory + "/volume" }
  private var pool: String { directory + "/pool" }

  /// - Parameters:
  ///   - cloneable: keeps the image on an XFS of its own, where a clone takes one instant.
  ///   - disk: keeps it on that volume, and has to be removed before it.
  init(
    megabytes: Int = 64, kind: String = "ext4", cloneable: Bool = false, on disk: TestVolume? = nil
  ) throws {
    let place = disk?.path ?? FileManager.default.temporaryDirectory.path
    directory = "\(place)/sp-\(UUID())"
    image = cloneable ? directory + "/pool/image" : directory + "/image"
    do {
      try shell("mkdir -p \(path) \(pool) && chmod 755 \(directory)")
      if cloneable {
        try shell(
          """
          truncate -s \(megabytes * 3 + 400)M \(pool).img && mkfs.xfs -q -m reflink=1 \(pool).img &&
          mount -o loop \(pool).img \(pool)
          """)
      }
      try shell(
        """
        truncate -s \(megabytes)M \(image) && mkfs.\(kind) -q \(image) &&
        mount -o loop \(image) \(path) && chmod 777 \(path)
        """)
      try watch()
    } catch {
      remove()
      throw error
    }
  }

  /// Mounts an image as it is; a journal in it is replayed first.
  init(mounting image: String) throws {
    directory = FileManager.default.temporaryDirectory.appending(path: "sp-\(UUID())").path
    self.image = image
    do {
      try shell(
        "mkdir -p \(path) && chmod 755 \(directory) && mount -o loop,nouuid \(image) \(path) 2>/dev/null || mount -o loop \(image) \(path)"
      )
      try watch()
    } catch {
      remove()
      throw error
    }
  }

  /// What the volume's device holds at this instant, as a snapshot of it would.
  func clone(_ name: String) throws -> String {
    let copy = "\(pool)/\(name)"
    try shell("cp --reflink=always \(image) \(copy)")
    return copy
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
        fsfreeze --unfreeze \(path); umount -l \(path); umount -l \(pool); rm -rf \(directory)
        """,
      ], environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], descriptors: [nil, nil, nil])
    startThread { watcher.reap(.seconds(3600)) }
  }

  /// Ends whatever a failed test left frozen, and takes everything away.
  func remove() {
    _ = try? shell(
      """
      fsfreeze --unfreeze \(path) 2>/dev/null; umount \(path) || umount -l \(path)
      ! mountpoint -q \(pool) || umount \(pool) 2>/dev/null || umount -l \(pool)
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
