internal import Foundation
internal import OperatorAPI
internal import OperatorFakes
internal import Testing
internal import Yams

@Suite struct `The published description of the API` {
  private static let path = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "docs/openapi.yaml")

  @Test func `names exactly the routes that are served`() throws {
    let text = try String(contentsOf: Self.path, encoding: .utf8)
    let document = try #require(try Yams.load(yaml: text, Resolver.basic) as? [String: Any])
    let paths = try #require(document["paths"] as? [String: [String: Any]])
    let methods: Set<String> = ["get", "put", "post", "delete", "patch", "head", "options"]
    let described = paths.flatMap { path, item in
      item.keys.filter(methods.contains).map { "\($0.uppercased()) \(path)" }
    }
    let served = operatorRouteNames(FakeCoordinator.operations(Example.shop()))
    #expect(Set(described) == Set(served))
    #expect(Set(served).count == served.count)
  }

  @Test func `is valid OpenAPI`() async throws {
    let run = try await ProgramRun.of(
      URL(filePath: "/usr/bin/env"), ["python3", "-m", "openapi_spec_validator", Self.path.path],
      environment: ProcessInfo.processInfo.environment,
      in: FileManager.default.temporaryDirectory)
    // CI installs the validator; a machine without it has still compared the routes.
    guard !run.error.contains("No module named") else { return }
    #expect(run.status == 0, "\(run.output)\(run.error)")
  }
}
