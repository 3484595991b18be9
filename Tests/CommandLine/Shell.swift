internal import Foundation
internal import OperatorFakes

/// Runs the built `stillpoint` beside this test program.
struct Shell: Sendable {
  var directory: URL
  var configuration: String?

  static let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().appending(path: "stillpoint")

  func run(
    _ arguments: String..., input: String = "",
    during: @Sendable (Int32) async throws -> Void = { _ in }
  ) async throws -> ProgramRun {
    try await run(arguments, input: input, during: during)
  }

  func run(
    _ arguments: [String], input: String = "",
    during: @Sendable (Int32) async throws -> Void = { _ in }
  ) async throws -> ProgramRun {
    var environment = [
      "HOME": directory.path, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "COLUMNS": "100",
    ]
    environment["STILLPOINT_CONFIG"] = configuration
    return try await ProgramRun.of(
      Self.program, arguments, environment: environment, input: Data(input.utf8), in: directory,
      during: during)
  }

  /// With a temporary directory and without any configuration.
  static func bare(_ body: @Sendable (Shell) async throws -> Void) async throws {
    let directory = FileManager.default.temporaryDirectory.appending(
      path: "stillpoint-cli-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer {
      // What is left in the temporary directory harms nobody.
      try? FileManager.default.removeItem(at: directory)
    }
    try await body(Shell(directory: directory, configuration: nil))
  }

  /// With the configuration of the operator alice, whose coordinator serves `shop`.
  static func serving(
    _ shop: FakeShop = Example.shop(),
    _ body: @escaping @Sendable (Shell, FakeCoordinator) async throws -> Void
  ) async throws {
    try await FakeCoordinator.serving(shop) { coordinator in
      let shell = Shell(
        directory: coordinator.directory, configuration: try coordinator.configuration())
      try await body(shell, coordinator)
    }
  }
}
