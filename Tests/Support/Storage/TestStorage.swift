internal import Foundation
package import GRPCCore
package import GRPCNIOTransportHTTP2Posix
internal import Glibc
internal import LinuxSystem
package import LocalStorage
internal import Logging
internal import Model
internal import Subprocess

/// The real driver on a pool in a temporary directory; cleans up whatever a test leaves mounted.
package struct TestStorage: Sendable {
  package let directory: String
  package let poolFile: PoolFile
  package var socket: String { "\(directory)/csi.sock" }
  package var pool: String { poolFile.mountPoint }

  /// Whether this machine lets the tests attach loop devices and mount.
  package static let isPossible =
    geteuid() == 0 && access("/dev/loop-control", R_OK | W_OK) == 0

  /// Runs `body` with a new pool, and removes everything afterwards.
  package static func with(
    poolSize: String = "1Gi", _ body: (TestStorage) async throws -> Void
  ) async throws {
    var template = Array("/tmp/sp-csi-XXXXXX".utf8CString)
    let directory = template.withUnsafeMutableBufferPointer { buffer -> String in
      guard let base = buffer.baseAddress, mkdtemp(base) != nil else { return "" }
      return String(cString: base)
    }
    precondition(!directory.isEmpty, "no temporary directory: errno \(errno)")
    guard let size = ByteSize(poolSize) else { preconditionFailure("no size: \(poolSize)") }
    let storage = TestStorage(
      directory: directory,
      poolFile: PoolFile(file: "\(directory)/pool.img", size: size, mountPoint: "\(directory)/pool")
    )
    do {
      try await body(storage)
    } catch {
      await storage.remove()
      throw error
    }
    await storage.remove()
  }

  /// Serves calls while `body` runs. Called again, it is a restart of the driver.
  package func serve<Value: Sendable>(
    node: String = "node-1", overcommit: Int64 = 50, _ body: () async throws -> Value
  ) async throws -> Value {
    try await poolFile.mount()
    let opened = try await Pool.open(pool, limits: PoolLimits(overcommit: overcommit))
    var logger = Logger(label: "test", factory: StreamLogHandler.standardError(label:))
    logger.logLevel = .critical
    let server = try DriverServer(
      pool: opened, identity: DriverIdentity(node: node), endpoint: Endpoint(socket),
      logger: logger)
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run() }
      do {
        let value = try await body()
        server.stop()
        try await group.waitForAll()
        return value
      } catch {
        server.stop()
        group.cancelAll()
        throw error
      }
    }
  }

  /// Serves calls, with a client connected.
  package func connected<Value: Sendable>(
    overcommit: Int64 = 50,
    _ body: (GRPCClient<HTTP2ClientTransport.Posix>) async throws -> Value
  ) async throws -> Value {
    try await serve(overcommit: overcommit) {
      let client = GRPCClient(
        transport: try HTTP2ClientTransport.Posix(
          target: .unixDomainSocket(path: socket, authority: "localhost"),
          transportSecurity: .plaintext))
      return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await client.runConnections() }
        defer { client.beginGracefulShutdown() }
        return try await body(client)
      }
    }
  }

  /// What a reboot does: every mount goes, the pool's too.
  package func loseMounts() async throws {
    await unmountBelow(directory, except: nil)
    let file = poolFile.file
    try await onDedicatedThread { () throws(SystemError) in
      guard access(file, F_OK) == 0 else { return }
      let left = try LoopDevice.waitUntilDetached(file, atMost: .seconds(20))
      precondition(left == nil, "\(file) is still attached to \(left?.path ?? "")")
    }
  }

  /// Runs a program, and answers its exit code and what it printed.
  package static func run(_ program: String, _ arguments: [String]) async throws -> (
    succeeded: Bool, output: String
  ) {
    let result = try await Subprocess.run(
      .name(program), arguments: Arguments(arguments),
      environment: .inherit.updating(["PATH": "/usr/sbin:/sbin:/usr/bin:/bin"]),
      output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
    return (result.terminationStatus.isSuccess, result.standardOutput + result.standardError)
  }

  private func remove() async {
    do {
      try await loseMounts()
    } catch {
      // The directory's removal below fails then, and says so.
    }
    do {
      try FileManager.default.removeItem(atPath: directory)
    } catch {
      print("left behind: \(directory): \(error)")
    }
  }

  private func unmountBelow(_ directory: String, except: String?) async {
    await onDedicatedThread {
      // A busy filesystem is free a moment later; the bound is generous for a slow machine.
      for _ in 0..<500 {
        let entries = (try? MountTable.read().entries) ?? []
        let mine = entries.filter { $0.mountPoint.hasPrefix(directory + "/") }
        guard !mine.isEmpty else { return }
        for entry in mine.reversed() { _ = try? Mounts.unmount(entry.mountPoint) }
        usleep(20_000)
      }
    }
  }
}

/// The error of a call that must fail; nil when it succeeded.
package func failure(of call: () async throws -> Void) async -> (any Error)? {
  do {
    try await call()
    return nil
  } catch {
    return error
  }
}
