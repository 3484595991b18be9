internal import FoundationEssentials

/// The command line as an operator of the fleet uses it.
package struct OperatorShell: Sendable {
  package let program: String
  /// The directory with the operator's certificate and the coordinator's address.
  package let credentials: String

  package init(program: String, credentials: String) {
    self.program = program
    self.credentials = credentials
  }

  /// Runs `stillpoint` with these arguments, however it ends.
  package func outcome(_ arguments: [String]) async throws -> Command.Outcome {
    try await command(arguments).outcome()
  }

  /// Runs `stillpoint` with these arguments and answers what it printed.
  @discardableResult
  package func run(_ arguments: [String]) async throws -> String {
    try await command(arguments).run()
  }

  /// Runs `stillpoint … -o json` and reads its answer.
  ///
  /// - Parameter statuses: the exit statuses that come with an answer.
  package func ask<Answer: Decodable>(
    _ arguments: [String], as type: Answer.Type, accepting statuses: Set<Int32> = [0]
  ) async throws -> Answer {
    let outcome = try await outcome(arguments + ["-o", "json"])
    guard statuses.contains(outcome.status), !outcome.output.isEmpty else {
      throw DemoError(
        "'stillpoint \(arguments.joined(separator: " "))' ended with status \(outcome.status): "
          + outcome.summary)
    }
    let text = outcome.output
    do {
      return try JSONDecoder().decode(type, from: Data(text.utf8))
    } catch {
      let words = arguments.joined(separator: " ")
      throw DemoError(
        "the answer to 'stillpoint \(words) -o json' is not \(type): \(error): \(text)")
    }
  }

  private func command(_ arguments: [String]) -> Command {
    Command(program, arguments, environment: ["STILLPOINT_CONFIG": credentials, "COLUMNS": "100"])
  }
}
