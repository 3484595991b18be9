internal import AgentCore
internal import CutProtocol
internal import Glibc
internal import LinuxSystem
internal import Synchronization

/// A database's own client, held inside the container and spoken to through its pipes.
///
/// Every command is followed by one that makes the client print a marker, so that the end of the answer is known.
/// The process ends when its input closes, even if everything here is gone.
final class ClientSession: Sendable {
  enum Failure: Error {
    /// The client has ended; what it had said.
    case ended([String])
    case timedOut
    case system(SystemError)
  }

  let process: ChildProcess
  let startTicks: UInt64
  /// The client's standard input.
  let input: DescriptorHandle
  private let output: DescriptorHandle
  private let name: String
  /// The line that makes the client print a text.
  private let markerCommand: @Sendable (String) -> String
  /// Tells a line after which no marker can come, because every command fails.
  private let endsAnswer: @Sendable (String) -> Bool
  private let exchange = Mutex((number: 0, left: [UInt8](), posed: String?.none))

  /// Starts the client. Blocks its thread for the start of one program.
  init(
    entry: ContainerEntry, command: [String], environment: [String],
    markerCommand: @escaping @Sendable (String) -> String,
    endsAnswer: @escaping @Sendable (String) -> Bool = { _ in false }
  ) throws(SystemError) {
    let toClient = try DescriptorHandle.pipe()
    let fromClient = try DescriptorHandle.pipe()
    let arguments = entry.arguments(command, withProcesses: false)
    process = try ChildProcess(
      path: arguments[0], arguments: Array(arguments.dropFirst()),
      environment: ["PATH=\(entry.path)", "LC_ALL=C", "HOME=/"] + environment,
      descriptors: [toClient.reading, fromClient.writing, fromClient.writing])
    startTicks = try ProcessFacts.startTicks(process.pid)
    input = toClient.writing
    output = fromClient.reading
    name = command.first ?? "client"
    self.markerCommand = markerCommand
    self.endsAnswer = endsAnswer
  }

  /// Sends a command and returns the lines of its answer. Not ended by cancellation; `end` ends it.
  func ask(_ command: String, limit: Duration) async throws(Failure) -> [String] {
    try await onDedicatedThread { [self] () throws(Failure) in
      try askBlocking(command, limit: limit)
    }
  }

  /// The same on the caller's thread.
  func askBlocking(_ command: String, limit: Duration) throws(Failure) -> [String] {
    let deadline = LinuxKernel.timeSinceBoot() + limit
    let result = exchange.withLock { exchange -> Result<[String], Failure> in
      exchange.number += 1
      let marker = "stillpoint-\(exchange.number)-end"
      do throws(Failure) {
        try send(command + "\n" + markerCommand(marker) + "\n", until: deadline)
        return .success(try lines(until: marker, deadline, &exchange.left))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// Sends a command whose answer `posedAnswer` waits for; nothing else may be asked in between. Blocks its thread for as long as the
  /// client takes nothing in, at most `limit`.
  func pose(_ command: String, limit: Duration) throws(Failure) {
    let deadline = LinuxKernel.timeSinceBoot() + limit
    let result = exchange.withLock { exchange -> Result<Void, Failure> in
      exchange.number += 1
      let marker = "stillpoint-\(exchange.number)-end"
      do throws(Failure) {
        try send(command + "\n" + markerCommand(marker) + "\n", until: deadline)
        exchange.posed = marker
        return .success(())
      } catch {
        return .failure(error)
      }
    }
    try result.get()
  }

  /// The lines of the answer to what was posed; nil when nothing was. Not ended by cancellation.
  func posedAnswer(limit: Duration) async throws(Failure) -> [String]? {
    try await onDedicatedThread { [self] () throws(Failure) in
      let deadline = LinuxKernel.timeSinceBoot() + limit
      let result = exchange.withLock { exchange -> Result<[String]?, Failure> in
        guard let marker = exchange.posed else { return .success(nil) }
        do throws(Failure) {
          let answer = try lines(until: marker, deadline, &exchange.left)
          exchange.posed = nil
          return .success(answer)
        } catch {
          return .failure(error)
        }
      }
      return try result.get()
    }
  }

  /// Sends a command and does not wait for its answer; `hasSaidSomething` tells when one came.
  func send(_ command: String) throws(Failure) {
    try send(command + "\n", until: LinuxKernel.timeSinceBoot() + .milliseconds(200))
  }

  var hasSaidSomething: Bool {
    !DescriptorHandle.waitUntilReadable([output], limit: .zero).isEmpty
  }

  /// Kills the client; the server then drops whatever the session held. May be called more than once.
  func kill() {
    // It fails only for a process that has ended already.
    try? process.kill()
  }

  /// Kills the client and frees its process number. Called once.
  func end() async {
    kill()
    await onDedicatedThread { [process] in _ = process.reap(.seconds(5)) }
  }

  // MARK: On the caller's thread

  private func send(_ text: String, until deadline: Duration) throws(Failure) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      guard DescriptorHandle.waitUntilWritable(input, until: deadline) else {
        throw process.handle.hasEnded ? .ended([]) : .timedOut
      }
      // A pipe that cannot be written to has lost its reader.
      let count = try? input.call("write", name) { number in
        bytes.prefix(2048).withUnsafeBytes { write(number, $0.baseAddress, $0.count) }
      }
      guard let count, count > 0 else { throw .ended(remainingLines()) }
      bytes = bytes.dropFirst(count)
    }
  }

  private func lines(
    until marker: String, _ deadline: Duration, _ left: inout [UInt8]
  ) throws(Failure) -> [String] {
    var answer = AnswerLines(marker: marker, left: left, endsAnswer: endsAnswer)
    defer { left = answer.left }
    var buffer = [UInt8](repeating: 0, count: 16384)
    while true {
      if let lines = answer.next() { return lines }
      let remaining = deadline - LinuxKernel.timeSinceBoot()
      guard remaining > .zero else { throw .timedOut }
      guard !DescriptorHandle.waitUntilReadable([output], limit: remaining).isEmpty else {
        continue
      }
      // What cannot be read any more is at its end too.
      let count = (try? output.call("read", name) { read($0, &buffer, buffer.count) }) ?? 0
      guard count > 0 else { throw .ended(answer.allLines) }
      guard answer.append(buffer[..<count]) else {
        throw .system(SystemError("read", "answer of \(name)", code: EFBIG))
      }
    }
  }

  private func remainingLines() -> [String] {
    var buffer = [UInt8](repeating: 0, count: 4096)
    guard hasSaidSomething else { return [] }
    let count = (try? output.call("read", name) { read($0, &buffer, buffer.count) }) ?? 0
    return String(decoding: buffer.prefix(count), as: UTF8.self)
      .split(separator: "\n").map(String.init)
  }
}

extension ClientSession {
  /// Ends the client without the agent.
  var rescue: Rescue { .kill(process.handle.descriptor) }
  var record: RescueRecord { .kill(pid: process.pid, startTicks: startTicks) }
}
