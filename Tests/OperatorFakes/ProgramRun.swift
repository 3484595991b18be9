package import Foundation

/// One run of a program, with its output in files, so that no thread waits for it.
package struct ProgramRun: Sendable {
  package var status: Int32
  package var output: String
  package var error: String

  /// Runs `program` until it ends. `during` is called with the process once it runs, for signals.
  package static func of(
    _ program: URL, _ arguments: [String], environment: [String: String], input: Data = Data(),
    in directory: URL, during: @Sendable (Int32) async throws -> Void = { _ in }
  ) async throws -> ProgramRun {
    let name = UUID().uuidString
    func file(_ kind: String) throws -> (URL, FileHandle) {
      let url = directory.appending(path: "\(name).\(kind)")
      try (kind == "in" ? input : Data()).write(to: url)
      return (url, try FileHandle(forUpdating: url))
    }
    let (outputFile, output) = try file("out")
    let (errorFile, error) = try file("err")
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.environment = environment
    process.standardInput = try file("in").1
    process.standardOutput = output
    process.standardError = error
    let (ended, end) = AsyncStream.makeStream(of: Int32.self)
    process.terminationHandler = {
      end.yield($0.terminationStatus)
      end.finish()
    }
    try process.run()
    do {
      try await during(process.processIdentifier)
    } catch {
      process.terminate()
      throw error
    }
    var iterator = ended.makeAsyncIterator()
    let status = await iterator.next() ?? -1
    return ProgramRun(
      status: status, output: try String(contentsOf: outputFile, encoding: .utf8),
      error: try String(contentsOf: errorFile, encoding: .utf8))
  }
}

/// Waits until `condition` holds. Throws after a generous time.
package func until(_ condition: @Sendable () async throws -> Bool) async throws {
  let limit = ContinuousClock.now + .seconds(60)
  while try await !condition() {
    guard ContinuousClock.now < limit else { throw CocoaError(.userCancelled) }
    try await ContinuousClock().sleep(for: .milliseconds(20))
  }
}
