import Catalog
import CoordinatorCore
import Foundation
import Identity
import Model
import Testing

@testable import stillpoint_coordinator

struct FirstOperatorTests {
  @Test func `the first operator comes into being once, even if the files are taken away`()
    async throws
  {
    try await withState { first, catalog in
      #expect(try await first.issueOnce(server: "127.0.0.1:7443"))
      #expect(try await catalog.operators().map { "\($0.name)" } == ["admin"])
      #expect(try await first.issueOnce(server: "127.0.0.1:7443") == false)
      try FileManager.default.removeItem(atPath: first.files.directory)
      #expect(try await first.issueOnce(server: "127.0.0.1:7443") == false)
      #expect(try first.files.areMissing)
    }
  }

  @Test func `files that broke off before the certificate are written anew`() async throws {
    try await withState { first, _ in
      #expect(try await first.issueOnce(server: "127.0.0.1:7443"))
      let written = try String(
        contentsOfFile: first.files.directory + "/config.yaml", encoding: .utf8)
      #expect(written == "fleet: shop\nserver: 127.0.0.1:7443\n")
    }
    try await withState { first, catalog in
      try FileManager.default.createDirectory(
        atPath: first.files.directory, withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o700])
      try Data("half".utf8).write(
        to: URL(fileURLWithPath: first.files.directory + "/operator-key.pem"))
      #expect(try await first.issueOnce(server: "127.0.0.1:7443"))
      #expect(try first.files.areMissing == false)
      #expect(try await catalog.operators().count == 1)
    }
  }

  @Test func `a fleet that has operators gets no other one`() async throws {
    try await withState { first, catalog in
      try await catalog.note(
        OperatorCertificate(
          name: try OperatorName("ada"), issued: .now(), expires: .now() + .seconds(3600)))
      #expect(try await first.issueOnce(server: "127.0.0.1:7443") == false)
      #expect(try first.files.areMissing)
    }
  }

  private func withState(_ body: (FirstOperator, Catalog) async throws -> Void) async throws {
    let directory = FileManager.default.temporaryDirectory.path + "/first-\(UUID().uuidString)"
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let catalog = try Catalog(path: directory + "/catalog.sqlite")
    let authority = try CertificateAuthority.open(
      directory: directory + "/authority", fleet: try FleetID("shop"))
    try await body(
      FirstOperator(
        files: OperatorFiles(directory: directory + "/operator"), authority: authority,
        operators: catalog), catalog)
    try catalog.close()
  }
}
