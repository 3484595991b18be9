internal import Glibc
internal import Synchronization

/// A long-running program of the fleet, in a host's network namespace, with its output in a log.
package final class Daemon: Sendable {
  package let name: String
  /// Where its output goes, over restarts too.
  package let log: String
  private let command: [String]
  private let environment: [String]
  private let process = Mutex<pid_t?>(nil)

  /// - Parameters:
  ///   - namespace: the path of the network namespace to run in; nil for the machine's own.
  ///   - command: an absolute path and its arguments.
  ///   - environment: entries beside those that the demo itself has.
  package init(
    _ name: String, in namespace: String?, of fleet: FleetDirectory, command: [String],
    environment: [String: String] = [:]
  ) {
    self.name = name
    log = "\(fleet.logs)/\(name).log"
    // nsenter puts itself out of the way: the process number is the program's own.
    self.command = (namespace.map { ["/usr/bin/nsenter", "--net=\($0)", "--"] } ?? []) + command
    var inherited: [String] = []
    var entry = environ
    while let text = entry.pointee {
      inherited.append(String(cString: text))
      entry += 1
    }
    self.environment = inherited + environment.map { "\($0.key)=\($0.value)" } + [fleet.id.marker]
  }

  /// The running process, if there is one.
  package var pid: Int32? {
    process.withLock { pid in
      guard let number = pid else { return nil }
      guard waitpid(number, nil, WNOHANG) == 0 else {
        pid = nil
        return nil
      }
      return number
    }
  }

  package var isRunning: Bool { pid != nil }

  /// Starts the program, which must not be running.
  package func start() throws {
    guard !isRunning else { throw DemoError("\(name) was to be started but runs already") }
    let number = try spawn()
    process.withLock { $0 = number }
  }

  /// Sends a signal to the program; no error when it has ended.
  package func signal(_ signal: Int32) {
    if let pid { Glibc.kill(pid, signal) }
  }

  /// Kills the program and waits until it is gone.
  package func kill() async throws {
    signal(SIGKILL)
    try await waitUntilEnded(within: .seconds(20))
  }

  /// Asks the program to stop and waits until it has; kills it when it takes longer than `limit`.
  ///
  /// - Returns: whether it stopped by itself.
  @discardableResult
  package func stop(within limit: Duration = .seconds(10)) async throws -> Bool {
    signal(SIGTERM)
    do {
      try await waitUntilEnded(within: limit)
      return true
    } catch is DemoError {
      try await kill()
      return false
    }
  }

  /// Waits until the program has ended, whatever ends it.
  package func waitUntilEnded(within limit: Duration) async throws {
    try await waitUntil("the end of \(name)", within: limit, every: .milliseconds(5), log: log) {
      !isRunning
    }
  }

  private func spawn() throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var all = sigset_t()
    sigfillset(&all)
    posix_spawnattr_setsigdefault(&attributes, &all)
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setpgroup(&attributes, 0)
    // Its own group: a Ctrl-C in the terminal is for the demo, which then ends it in order.
    let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
    posix_spawnattr_setflags(&attributes, Int16(flags))

    let arguments = command.map { strdup($0) } + [nil]
    let entries = environment.map { strdup($0) } + [nil]
    defer { for text in arguments + entries { free(text) } }
    var number = pid_t()
    let error = posix_spawn(&number, command[0], &actions, &attributes, arguments, entries)
    guard error == 0 else {
      throw DemoError("\(name) could not be started: \(String(cString: strerror(error)))", log: log)
    }
    return number
  }
}
