internal import Subprocess

/// A program that is run to its end, with its output kept in memory.
package struct Command: Sendable {
  /// A name looked up in `PATH`, or an absolute path.
  package var program: String
  package var arguments: [String]
  /// Added to the environment that the demo itself has.
  package var environment: [String: String]
  /// How long it may take before it is killed.
  package var limit: Duration = .seconds(600)

  /// What is kept of either output stream, in bytes; more is an error.
  package static let outputLimit = 32 << 20

  package init(_ program: String, _ arguments: [String], environment: [String: String] = [:]) {
    self.program = program
    self.arguments = arguments
    self.environment = environment
  }

  /// What a finished program left.
  package struct Outcome: Sendable {
    /// The exit status, or 128 + the signal that ended it, as shells count.
    package var status: Int32
    package var output: String
    package var errors: String

    /// The last lines of what it said, errors first choice.
    package var summary: String {
      let text = errors.isEmpty ? output : errors
      return text.split(separator: "\n").suffix(6).joined(separator: "\n")
    }
  }

  /// Runs the program and answers however it ended. Cancelling the task kills it.
  ///
  /// - Throws: ``DemoError`` when it cannot be run or takes longer than ``limit``.
  package func outcome() async throws -> Outcome {
    try await withThrowingTaskGroup(of: Outcome.self) { group in
      group.addTask { try await self.ended() }
      group.addTask {
        try await Task.sleep(for: self.limit)
        throw DemoError("'\(self.words)' did not end within \(self.limit)")
      }
      defer { group.cancelAll() }
      guard let outcome = try await group.next() else { throw CancellationError() }
      return outcome
    }
  }

  private var words: String { ([program] + arguments).joined(separator: " ") }

  private func ended() async throws -> Outcome {
    var options = PlatformOptions()
    // Its own group: a Ctrl-C in the terminal is for the demo, which then ends it in order.
    options.processGroupID = 0
    // `env` puts itself out of the way, and takes a name as well as a path.
    let line = Arguments(["--", program] + arguments)
    let updates = Dictionary(
      uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0.key), $0.value) }
    ).mapValues(Optional.some)
    do {
      let result = try await Subprocess.run(
        .name("env"), arguments: line, environment: .inherit.updating(updates),
        platformOptions: options, input: .none, output: .string(limit: Self.outputLimit),
        error: .string(limit: Self.outputLimit))
      let status: Int32
      switch result.terminationStatus {
      case .exited(let code): status = code
      case .signaled(let signal): status = 128 + signal
      }
      try Task.checkCancellation()
      return Outcome(
        status: status, output: result.standardOutput, errors: result.standardError)
    } catch let error as SubprocessError {
      try Task.checkCancellation()
      throw DemoError("\(program) could not be run: \(error)")
    }
  }

  /// Runs the program and answers its output.
  ///
  /// - Throws: ``DemoError`` when it ends with any status but 0.
  @discardableResult
  package func run() async throws -> String {
    let outcome = try await outcome()
    guard outcome.status == 0 else {
      throw DemoError("'\(words)' ended with status \(outcome.status): \(outcome.summary)")
    }
    return outcome.output
  }
}
