internal import ArgumentParser
internal import CommandLineKit
internal import Foundation
internal import Model

extension OutputFormat: ExpressibleByArgument {}

/// Where the coordinator and the operator's identity come from.
struct ConnectionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The configuration directory.",
      discussion: "Default: $STILLPOINT_CONFIG, else ~/.config/stillpoint."),
    completion: .directory)
  var config: String?

  func settings() throws -> Settings {
    try Settings(
      directory: Settings.directory(
        option: config, environment: ProcessInfo.processInfo.environment))
  }

  func connect<Result: Sendable>(_ body: (CoordinatorClient) async throws -> Result) async throws
    -> Result
  {
    let settings = try settings()
    if let warning = settings.expiryWarning() { printError(warning) }
    return try await CoordinatorClient.with(settings, body)
  }
}

struct OutputOptions: ParsableArguments {
  @Option(name: [.short, .customLong("output")], help: "How to print: table, wide, json or yaml.")
  var output: OutputFormat = .table

  func write<Value: Encodable>(_ value: Value, _ text: (_ wide: Bool) throws -> String) throws {
    printText(try output.render(value, text: text))
  }
}

/// Parses a name, or says which rule it breaks.
@Sendable func name<Name: Identifier>(_ text: String) throws -> Name {
  do {
    return try Name(text)
  } catch {
    throw ValidationError(error.description)
  }
}

/// Completes names by asking the coordinator.
func completion(_ kind: NameKind) -> CompletionKind {
  .custom { arguments, _, prefix in
    await completions(
      of: kind, prefix: prefix, arguments: arguments,
      environment: ProcessInfo.processInfo.environment)
  }
}
