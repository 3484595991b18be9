internal import ArgumentParser
internal import Glibc
internal import LocalStorage
internal import Logging
internal import Model
internal import Release
internal import ServiceLifecycle
internal import Telemetry
internal import UnixSignals

/// The CSI driver as a program.
@main
struct Program: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stillpoint-csi-local",
    abstract: "A CSI driver for volumes of this node, with snapshots by cloning.",
    discussion: """
      Volumes are ext4 or XFS images in a pool directory, which must lie on a filesystem that can clone files (XFS made \
      with reflink=1). Without --pool the driver makes such a filesystem in a file. Needs root.

      Volumes stay mounted when the driver ends; the next start finds them. One driver per pool.
      """,
    version: Release.version)

  @Option(help: "The Unix socket to listen on.")
  var endpoint = "unix:///run/stillpoint/csi-local.sock"

  @Option(help: "The node's name, which ties volumes to it; the host's name if not given.")
  var node: String?

  @Option(help: "The pool directory. Excludes --pool-file.")
  var pool: String?

  @Option(help: "The file that holds the pool; made if missing. Default: <state-dir>/pool.img")
  var poolFile: String?

  @Option(
    help:
      "The size of a pool file that is made: a number with Mi, Gi or Ti. Space is used as written.")
  var poolSize = "8Gi"

  @Option(help: "Where a pool file is mounted, in the folder 'pool'.")
  var stateDir = "/var/lib/stillpoint/csi-local"

  @Option(
    help: "How many times the pool's size may be promised to volumes, which use space as written.")
  var overcommit: Int64 = 50

  @Option(help: "The least level to log: trace, debug, info, notice, warning, error, critical.")
  var logLevel = LogLevel.info

  func validate() throws {
    guard pool == nil || poolFile == nil else {
      throw ValidationError("--pool and --pool-file exclude each other")
    }
    guard ByteSize(poolSize) != nil else {
      throw ValidationError("--pool-size '\(poolSize)' is no size: for example 8Gi")
    }
    guard (1...1000).contains(overcommit) else {
      throw ValidationError("--overcommit must be from 1 to 1000")
    }
  }

  func run() async throws {
    do {
      try await serve()
    } catch let error as StorageError {
      Self.complain("stillpoint-csi-local: \(error)\n")
      throw ExitCode.failure
    }
  }

  private func serve() async throws {
    LineLogHandler.bootstrap(level: logLevel.level)
    let logger = Logger(label: "csi-local")
    let identity = try DriverIdentity(node: node ?? Self.hostName())
    let endpoint = try Endpoint(endpoint)
    guard geteuid() == 0 else {
      throw StorageError(
        .failedPrecondition, "needs root: it attaches loop devices and mounts filesystems")
    }
    let poolFile = poolInFile()
    try await poolFile?.mount()
    try await answer(
      pool: poolFile?.mountPoint ?? pool ?? "", identity: identity, endpoint: endpoint,
      logger: logger)
    await poolFile?.unmountIfUnused()
    logger.notice("driver stopped")
  }

  /// Opens the pool, answers calls until a signal, and lets go of the pool.
  private func answer(pool: String, identity: DriverIdentity, endpoint: Endpoint, logger: Logger)
    async throws
  {
    let opened = try await Pool.open(pool, limits: PoolLimits(overcommit: overcommit))
    logger.notice(
      "pool opened", metadata: ["path": "\(opened.directory.path)", "node": "\(identity.node)"])
    let server = try DriverServer(
      pool: opened, identity: identity, endpoint: endpoint, logger: logger)
    var configuration = ServiceGroupConfiguration(
      services: [.init(service: DriverService(server: server))],
      gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    configuration.maximumGracefulShutdownDuration = .seconds(30)
    try await ServiceGroup(configuration: configuration).run()
  }

  private func poolInFile() -> PoolFile? {
    guard pool == nil, let size = ByteSize(poolSize) else { return nil }
    return PoolFile(
      file: poolFile ?? "\(stateDir)/pool.img", size: size, mountPoint: "\(stateDir)/pool")
  }

  private static func hostName() -> String {
    var names = utsname()
    guard uname(&names) == 0 else { return "" }
    return withUnsafeBytes(of: names.nodename) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  private static func complain(_ text: String) {
    _ = Array(text.utf8).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}

/// The server as a part of the process's service group.
struct DriverService: Service {
  let server: DriverServer

  func run() async throws {
    try await withGracefulShutdownHandler {
      try await server.run()
    } onGracefulShutdown: {
      server.stop()
    }
  }
}

extension LogLevel: ExpressibleByArgument {}
