internal import CLinux
internal import Glibc

/// Runs a program to its end or to its time limit, and then kills it with every descendant, wherever they went.
package enum SupervisedProgram {
  package enum Ending: Hashable, Sendable {
    case exited(Int32)
    case signalled(Int32)
    case timedOut
    case cancelled
    case notStarted(SystemError)
  }

  package struct Result: Hashable, Sendable {
    package var ending: Ending
    /// Standard output and error, mixed; `outputLimit` bytes of it.
    package var output: String
  }

  /// Which part of a long output is kept.
  package enum Kept: Sendable {
    case beginning, end
  }

  package static let outputLimit = 16 << 10
  private static let graceForSweep = Duration.seconds(3)

  /// Blocks its thread until the program ended or was killed; never longer than `timeout` and three seconds.
  ///
  /// `cancel` becoming readable, or its other end closing, ends the program at once. `mark` must be unique to this
  /// run: it is put into the environment, and descendants are found by it.
  package static func run(
    path: String, arguments: [String], environment: [String], timeout: Duration, mark: String,
    cancel: DescriptorHandle? = nil, keeping kept: Kept = .beginning
  ) -> Result {
    let started: Started
    do throws(SystemError) {
      started = try start(
        path: path, arguments: arguments, environment: environment, timeout: timeout, mark: mark,
        cancel: cancel)
    } catch {
      return Result(ending: .notStarted(error), output: "")
    }
    var text = Collected(kept: kept)
    let ending = collect(
      output: started.output, status: started.status, into: &text,
      until: LinuxKernel.timeSinceBoot() + timeout + graceForSweep)
    if ending == nil {
      kill(started.supervisor, SIGKILL)
      cl_kill_marked(mark)
    }
    var code: Int32 = 0
    while waitpid(started.supervisor, &code, 0) < 0 && errno == EINTR {}
    // The program's last words may still be in the pipe.
    append(from: started.output, to: &text)
    return Result(
      ending: Self.ending(ending, path: path),
      output: String(decoding: text.bytes, as: UTF8.self))
  }

  private struct Collected {
    let kept: Kept
    private(set) var bytes: [UInt8] = []

    init(kept: Kept) { self.kept = kept }

    var isFull: Bool { kept == .beginning && bytes.count >= outputLimit }

    mutating func append(_ more: ArraySlice<UInt8>) {
      switch kept {
      case .beginning: bytes.append(contentsOf: more.prefix(max(0, outputLimit - bytes.count)))
      case .end:
        bytes.append(contentsOf: more)
        bytes.removeFirst(max(0, bytes.count - outputLimit))
      }
    }
  }

  private struct Started {
    var supervisor: Int32
    var output: DescriptorHandle
    var status: DescriptorHandle
  }

  /// The writing ends are closed on return, so that only the program and its supervisor keep the pipes open.
  private static func start(
    path: String, arguments: [String], environment: [String], timeout: Duration, mark: String,
    cancel: DescriptorHandle?
  ) throws(SystemError) -> Started {
    let output = try DescriptorHandle.pipe()
    let status = try DescriptorHandle.pipe()
    let pid = withCStrings([path] + arguments, [mark] + environment) { arguments, environment in
      DescriptorHandle.use([output.writing, status.writing, cancel]) { numbers in
        cl_spawn_supervised(
          path, arguments, environment, [-1, numbers[0], numbers[0]], 3, timeout.milliseconds,
          numbers[2], numbers[1], mark)
      }
    }
    try SystemError.check(Int(pid), "start", path)
    return Started(supervisor: pid, output: output.reading, status: status.reading)
  }

  /// Reads until the supervisor's verdict or the deadline; descendants that keep the output open are not waited for.
  private static func collect(
    output: DescriptorHandle, status: DescriptorHandle, into text: inout Collected,
    until deadline: Duration
  ) -> cl_ending? {
    var outputOpen = true
    while true {
      let left = deadline - LinuxKernel.timeSinceBoot()
      guard left > .zero else { return nil }
      let ready = DescriptorHandle.waitUntilReadable(
        [status, outputOpen ? output : nil], limit: left)
      if ready.contains(1) { outputOpen = readOnce(output, into: &text) }
      if ready.contains(0) {
        var ending = cl_ending()
        let size = MemoryLayout<cl_ending>.size
        let count = status.use { read($0, &ending, size) }
        return count == size ? ending : nil
      }
    }
  }

  /// Reads what is there, keeping no more than the limit; false at the end.
  private static func readOnce(_ output: DescriptorHandle, into text: inout Collected) -> Bool {
    var buffer = [UInt8](repeating: 0, count: 4096)
    // What cannot be read any more is at its end too.
    let count = (try? output.call("read", "output") { read($0, &buffer, buffer.count) }) ?? 0
    text.append(buffer[..<max(0, count)])
    return count > 0
  }

  private static func append(from output: DescriptorHandle, to text: inout Collected) {
    var rounds = 0
    while !text.isFull, rounds < 64,
      !DescriptorHandle.waitUntilReadable([output], limit: .zero).isEmpty,
      readOnce(output, into: &text)
    {
      rounds += 1
    }
  }

  private static func ending(_ found: cl_ending?, path: String) -> Ending {
    guard let found else { return .timedOut }
    return switch found.kind {
    case 0: .exited(found.value)
    case 1: .signalled(found.value)
    case 2: .timedOut
    case 3: .cancelled
    default: .notStarted(SystemError("start", path, code: found.value))
    }
  }
}
